/** What is done by hand or by night: a nightly backup, rotated logs, texts that are converted, a shell, an editor. */
import { command, files, numbers, story } from "./script.mjs";

/** @typedef {import("./script.mjs").Varying} Varying */

/** @type {Varying} */
export const nightly = {
  name: "nightly backup",
  says: "each run is the next night: what changed is packed under the date, sums are kept, what is a week old is removed",
  programs: ["tar", "gzip", "sha256sum", "date"],
  keeps: true,
  command,
  prepare(cwd) {
    files(cwd, Object.fromEntries(numbers(12).map((n) => [`data/set${n % 4}/file${n}`, `${n}\n`])));
    story(
      cwd,
      `
set -e
mkdir -p backup
today=$(date -d "2026-01-01 + $RUN days" +%Y-%m-%d)
for ((n = RANDOM % 4; n >= 0; n--)); do echo $RANDOM >> data/set$((RANDOM % 4))/file$((1 + RANDOM % 14)); done
if [ $((RUN % 7)) = 0 ]; then rm -f backup/state; kind=full; else kind=more; fi
tar -czf backup/$kind-$today.tar.gz -g backup/state data
(cd backup && sha256sum $kind-$today.tar.gz >> SUMS)
for old in backup/*.tar.gz; do [[ $old < backup/more-$(date -d "2026-01-01 + $((RUN - 7)) days" +%Y-%m-%d) ]] && rm $old; done
echo "$today done" >> backup/log`,
    );
  },
};

/** @type {Varying} */
export const logs = {
  name: "log rotation",
  says: "drawn services write to eight logs, then logrotate: by size, by number, some packed, some by the second; the logs stay",
  programs: ["logrotate", "gzip"],
  keeps: true,
  command,
  prepare(cwd) {
    files(cwd, {
      "logs/.keep": "",
      "rotate.in": `${numbers(8)
        .map((n) => `@/logs/service${n}.log`)
        .join("\n")} {
  size 2k
  rotate 4
  compress
  delaycompress
  missingok
  notifempty
  create 0640
}
@/logs/audit.log {
  size 1k
  rotate 10
  missingok
  dateext
  dateformat -%Y%m%d-%s
}
`,
    });
    story(
      cwd,
      `
umask 022
conf=$(<rotate.in); printf '%s\\n' "\${conf//@/$PWD}" > rotate.conf
for ((n = 2 + RANDOM % 5; n > 0; n--)); do
  log=logs/service$((1 + RANDOM % 8)).log
  for ((m = RANDOM % 60; m >= 0; m--)); do echo "a line of a log that says that all is well $RANDOM"; done >> $log
done
chance 3 && for ((m = 0; m < 30; m++)); do echo "who did what, and when, as always"; done >> logs/audit.log
chmod go-w . logs
logrotate -s state rotate.conf`,
    );
  },
};

/** @type {Varying} */
export const texts = {
  name: "text conversion",
  says: "three of ten documents go through a drawn chain of filters, and are typeset or packed; each run begins anew",
  programs: ["groff", "jq", "awk", "sed", "zip", "xz", "sort", "tr"],
  keeps: false,
  command,
  prepare(cwd) {
    files(cwd, {
      ...Object.fromEntries(
        numbers(10).map((n) => [`in/doc${n}.txt`, `.PP\nDocument ${n} has words and more words.\n`.repeat(9)]),
      ),
      ...Object.fromEntries(numbers(4).map((n) => [`in/data${n}.json`, JSON.stringify({ n, list: [1, 2, 3] })])),
    });
    story(
      cwd,
      `
mkdir out
for n in 1 2 3; do
  doc=doc$((1 + RANDOM % 10))
  pick "sort -u" "tr a-z A-Z" "sed s/more/less/" "awk {print\\ NF}" cat; filter=$PICKED
  pick ps ascii html zip xz json
  case $PICKED in
    ps) $filter in/$doc.txt | groff -ms > out/$doc.ps ;; ascii) $filter < in/$doc.txt | groff -Tascii -ms > out/$doc.out ;;
    html) $filter < in/$doc.txt | sed 's/^/<p>/' > out/$doc.html ;; zip) zip -q out/$doc.zip in/$doc.txt ;;
    xz) $filter < in/$doc.txt | xz > out/$doc.xz ;; json) jq -c .list in/data$((1 + RANDOM % 4)).json > out/list$n.json ;;
  esac
done 2> /dev/null
true`,
    );
  },
};

/** @type {Varying} */
export const shell = {
  name: "shell at work",
  says: "a person in a small project: eight of eighteen drawn commands with drawn files; each run begins anew",
  programs: ["git", "grep", "find", "diff", "tar", "less", "make"],
  keeps: false,
  presets: ["git", "make"],
  command,
  prepare(cwd) {
    files(cwd, {
      ...Object.fromEntries(numbers(9).map((n) => [`src/mod${n}.c`, `/* TODO ${n} */\nint f${n};\n`])),
      ...Object.fromEntries(numbers(5).map((n) => [`doc/part${n}.txt`, `part ${n}\n`])),
      Makefile: "all:\n\t@wc -l src/*.c > sizes\nclean:\n\t@rm -f sizes\n",
    });
    story(
      cwd,
      `
exec > /dev/null 2>&1
file() { pick src/mod$((1 + RANDOM % 9)).c doc/part$((1 + RANDOM % 5)).txt; FILE=$PICKED; }
for n in 1 2 3 4 5 6 7 8; do
  file
  pick ls find grep less edit diff copy move make clean git tar head sum hex spell tree note
  case $PICKED in
    ls) ls -la src ;; find) find . -name '*.c' -newer Makefile ;; grep) grep -rn TODO src ;; less) less $FILE ;;
    edit) sed -i "1i // $RANDOM" $FILE ;; diff) cp $FILE $FILE.orig; diff -u $FILE.orig $FILE ;;
    copy) mkdir -p old; cp $FILE old/ ;; move) mv $FILE $FILE.bak; mv $FILE.bak $FILE ;; make) make ;; clean) make clean ;;
    git) git init -q .; git add -A; git status ;; tar) tar -czf /dev/null src ;; head) head -2 $FILE ;; sum) cksum $FILE ;;
    hex) od -c $FILE ;; spell) tr -cs a-z '\\n' < $FILE | sort -u ;; tree) du -a . ;; note) echo $RANDOM >> notes.txt ;;
  esac
done
true`,
    );
  },
};

/** @type {Varying} */
export const editor = {
  name: "editor",
  says: "vim edits one or two of twelve drawn files, with undo files, swap files and a viminfo that stay",
  programs: ["vim"],
  keeps: true,
  command,
  prepare(cwd, home) {
    files(cwd, Object.fromEntries(numbers(12).map((n) => [`notes/note${n}.txt`, `note ${n}\n`])));
    files(home, { ".vimrc": "set nocompatible undofile undodir=~/.undo viminfo='20,n~/.viminfo\n", ".undo/.keep": "" });
    story(
      cwd,
      `
for ((n = RANDOM % 2; n >= 0; n--)); do
  note=notes/note$((1 + RANDOM % 12)).txt
  if chance 8; then note=notes/new$RUN.txt; fi
  pick "-c 'normal ggOx'" a b
  case $PICKED in
    a) vim -u ~/.vimrc -es -c 'normal Gonew' -c 'wq' $note ;; b) vim -u ~/.vimrc -es -c '%s/note/page/e' -c 'wq' $note ;;
    *) vim -u ~/.vimrc -es -c 'undo' -c 'wq' $note ;;
  esac
done < /dev/null > /dev/null 2>&1
true`,
    );
  },
};
