// A web program for an image that holds nothing else.
package main

import "net/http"

func main() {
	_ = http.ListenAndServe(":8000", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("here")) }))
}
