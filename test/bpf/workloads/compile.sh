set -e
mkdir source build
printf '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n' >source/main.c
printf 'int more;\n' >source/more.c
gcc -O1 -c -o build/main.o source/main.c
gcc -O1 -c -o build/more.o source/more.c
ar rc build/all.a build/more.o
gcc -o build/program build/main.o build/all.a
build/program
