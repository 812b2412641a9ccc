// Looks a host up and connects, with the resolver of Go: PROGRAM NAME PORT.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
)

func main() {
	found, err := (&net.Resolver{PreferGo: true}).LookupHost(context.Background(), os.Args[1])
	if err != nil {
		fmt.Println("not found")
		os.Exit(2)
	}
	for _, address := range found {
		if _, err := net.Dial("tcp", net.JoinHostPort(address, os.Args[2])); err == nil {
			fmt.Println("connected")
			return
		}
	}
	fmt.Println("not connected")
	os.Exit(1)
}
