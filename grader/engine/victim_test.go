package engine

import (
	"net"
	"os"
)

// victimVariable makes the test binary a process of its own that a test needs: one to be killed, or one elsewhere.
const victimVariable = "TASKGRADER_TEST_VICTIM"

func beVictim(what string) {
	switch what {
	case "listen":
		l, err := net.Listen("tcp", ":8000")
		if err != nil {
			os.Exit(1)
		}
		for {
			c, err := l.Accept()
			if err != nil {
				os.Exit(1)
			}
			c.Close()
		}
	}
}
