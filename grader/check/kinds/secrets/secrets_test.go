package secrets_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/taskgrader/taskgrader/grader/check/checktest"
	"github.com/taskgrader/taskgrader/grader/check/kinds/secrets"
)

const none = "ok no literal secrets in ENV and ARG"

func from(lines string) *checktest.Target {
	return checktest.New().Without(".dockerignore").With("Dockerfile", "FROM python:3.12-slim\nWORKDIR /app\n"+lines)
}

func TestSecrets(t *testing.T) {
	const hint = "hint: List .env in .dockerignore: deleting it in a later line does not take it out of the layer before."
	for _, c := range []struct {
		name   string
		target *checktest.Target
		want   string
	}{
		{"the lesson's", checktest.New(), "ok .env stays out\n" + none},
		{"no ignore file, and nothing copied but the program", from("COPY main.py .\n"), "ok .env stays out\n" + none},
		{"everything copied", from("COPY . .\n"), "0 .env stays out: want .env in no layer of the image; got it is in the image as /app/.env, put there by line 3, COPY . .; " + hint + "; at Dockerfile:3\n" + none},
		{"deleted again", from("COPY . .\nRUN rm .env\n"), "0 .env stays out: want .env in no layer of the image; got it is in the image as /app/.env, put there by line 3, COPY . .; " + hint + "; at Dockerfile:3\n" + none},
		{"twice: the first counts", from("COPY . /b/\nCOPY . /a/\n"), "0 .env stays out: want .env in no layer of the image; got it is in the image as /b/.env, put there by line 3, COPY . /b/; " + hint + "; at Dockerfile:3\n" + none},
		{"one that was handed in", from("COPY . .\n").With(".env", "A=b\n"), "0 .env stays out: want .env in no layer of the image; got it is in the image as /app/.env, put there by line 3, COPY . .; " + hint + "; at Dockerfile:3\n" + none},
		{"only in a stage that is not the last", from("COPY . .\nFROM python:3.12-slim\nCOPY --from=0 /app/main.py .\n"), "ok .env stays out\n" + none},
		{"a careful Dockerfile", from("COPY . .\nRUN test ! -f .env\n"), "ok .env stays out: with such a file in the folder the build fails, so no image holds it: RUN test ! -f .env ended with exit code 1\n" + none},
		{"written into the file", from("ENV API_KEY=abc DEBUG=1\nARG DB_PASSWORD=x\n"), "ok .env stays out\n" +
			"0 API_KEY: want no secret written into the Dockerfile; got ENV API_KEY has a value; hint: Pass it when the container starts, with docker run -e, and take it out of the Dockerfile.; at Dockerfile:3\n" +
			"0 DB_PASSWORD: want no secret written into the Dockerfile; got ARG DB_PASSWORD has a value; hint: Pass it when the container starts, with docker run -e, and take it out of the Dockerfile.; at Dockerfile:4"},
		{"names without a value, and what only sounds so", from("ARG TOKEN\nENV API_KEY=$TOKEN PUBLIC_KEY=abc KEY_FILE=/run/x SECRET_KEY=\"\"\nENV TOKEN_EXPIRE_MINUTES 30\n"), "ok .env stays out\n" + none},
	} {
		assert.Equal(t, c.want, checktest.Asked(t, secrets.Kind(), "secrets: {plant: [.env]}", c.target), c.name)
	}
}

// TestLongFiles: a planted text is found wherever it is in a file, also across two reads.
func TestLongFiles(t *testing.T) {
	for _, n := range []int{64<<10 - 50, 64<<10 - 20, 64 << 10, 200_000} {
		target := from("COPY . .\n")
		target.With(".env", string(make([]byte, n)))
		assert.Contains(t, checktest.Asked(t, secrets.Kind(), "secrets: {plant: [.env]}", target), "0 .env stays out", n)
	}
}
