package steps

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOfException(t *testing.T) {
	for exception, want := range map[string]string{
		"ValueError: x": "The program's log ends with this exception: ValueError: x",
		"TypeError: FastAPI.__call__() missing 1 required positional argument: 'send'": "The program's log ends with " +
			"this exception: TypeError: FastAPI.__call__() missing 1 required positional argument: 'send'. " +
			"gunicorn speaks WSGI by itself, and FastAPI is an ASGI program: start it with -k " +
			"uvicorn.workers.UvicornWorker, or with uvicorn.",
		"TypeError: Flask.__call__() missing 1 required positional argument: " +
			"'start_response'": "The program's log ends " +
			"with this exception: TypeError: Flask.__call__() missing 1 required positional argument: " +
			"'start_response'. uvicorn speaks ASGI, and Flask is a WSGI program: start it with gunicorn, or " +
			"with flask run.",
	} {
		assert.Equal(t, want, OfException(exception))
	}
}
