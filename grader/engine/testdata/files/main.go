// A program for an image that holds nothing else: it makes a file with two names and a link, and deletes a file.
package main

import "os"

func main() {
	for _, err := range []error{os.WriteFile("/made", make([]byte, 700), 0o644), os.Link("/made", "/again"),
		os.Symlink("/made", "/there"), os.Remove("/gone")} {
		if err != nil {
			panic(err)
		}
	}
}
