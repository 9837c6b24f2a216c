package advice

import "regexp"

// python and node are what a program says to bring a package in.
func python(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?m)^\s*(?:from|import)\s+` + name + `\b`)
}

func node(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?:require\(|from|import)\s*['"]` + regexp.QuoteMeta(name) + `['"]`)
}

// named returns a package in a list of dependencies of any language, as a word of its own.
func named(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?mi)(?:^|["'\s/:>])` + name + `(?:$|["'\s<>=~!;\[,@/])`)
}

const (
	uvicornHost = `Start uvicorn with --host 0.0.0.0 --port {port}.`
	nodeStop    = `Add process.on("SIGTERM", () => process.exit(0)) to the program.`
)

// frameworks are what is known, the likelier first; after them the languages alone, and last what
// is true of any program.
var frameworks = []Framework{
	{Name: "FastAPI", Language: "Python", marks: python("fastapi"), depends: named("fastapi"),
		refuses: regexp.MustCompile(`\bHTTPException\b`),
		without: "raise HTTPException(status_code={code}), with `from fastapi import HTTPException` at the top,",
		words: words{
			json:   `Return a dict, a list or a model: FastAPI makes JSON of it.`,
			status: `Set the status in the route: @app.{method}(…, status_code={code}).`,
			refuse: `raise HTTPException(status_code={code})`,
			route:  `Add a function with @app.{method}("{path}").`,
			validate: `Let a Pydantic model with the required fields be the parameter of the route: FastAPI then ` +
				`refuses a body that lacks one.`,
			listen: uvicornHost,
			stop:   `uvicorn ends on SIGTERM by itself where it is process 1: write CMD as a list.`}},
	{Name: "Flask", Language: "Python", marks: python("flask"), depends: named("flask"),
		refuses: regexp.MustCompile(`\babort\b`), without: `return {"error": "…"}, {code}`, words: words{
			json:     `Return jsonify(…) or a dict: Flask makes JSON of it.`,
			status:   `Return the status with the answer: return jsonify(…), {code}.`,
			refuse:   `abort({code})`,
			route:    `Add a function with @app.route("{path}", methods=["{METHOD}"]).`,
			validate: `Look into request.get_json() for the required fields, and {refuse} where one is missing.`,
			listen: `Call app.run(host="0.0.0.0", port={port}), or start it with flask run --host 0.0.0.0 ` +
				`--port {port}.`,
			failure: `Answer with JSON where it goes wrong, too: a function with @app.errorhandler({code}) makes it.`,
			stop: `Flask's development server has no handler for SIGTERM as process 1: add STOPSIGNAL SIGINT, or ` +
				`start it with gunicorn.`}},
	{Name: "Django", Language: "Python", marks: python("django"), depends: named("django"), words: words{
		json:     `Return JsonResponse(…).`,
		status:   `Return the status with the answer: JsonResponse(…, status={code}).`,
		refuse:   `return JsonResponse({…}, status={code})`,
		route:    `Let the view of path("{path}", …) in urls.py answer {METHOD}.`,
		validate: `Look into the body for the required fields, and answer with status=400 where one is missing.`,
		listen:   `Start it with python manage.py runserver 0.0.0.0:{port}, and let ALLOWED_HOSTS have "*".`,
		stop: `manage.py runserver has no handler for SIGTERM as process 1: add STOPSIGNAL SIGINT, or start it ` +
			`with gunicorn.`}},
	{Name: "Express", Language: "Node", marks: node("express"), depends: named("express"), words: words{
		json:     `Answer with res.json(…).`,
		status:   `Set the status in the route: res.status({code}).json(…).`,
		refuse:   `return res.status({code}).json({error: "…"})`,
		route:    `Add app.{method}("{path}", (req, res) => …).`,
		validate: `Look into req.body for the required fields, and answer with res.status(400) where one is missing.`,
		failure: `Answer with JSON where it goes wrong, too: app.use((err, req, res, next) => ` +
			`res.status({code}).json(…)).`,
		listen: `Write app.listen({port}, "0.0.0.0") in the program.`, stop: nodeStop}},
	{Name: "NestJS", Language: "Node", marks: node("@nestjs/common"), depends: named("@nestjs/core"), words: words{
		json:     `Return an object from the controller: Nest makes JSON of it.`,
		status:   `Put @HttpCode({code}) above the method of the controller.`,
		refuse:   `throw new HttpException("…", {code})`,
		route:    `Add a method with the decorator for {METHOD} {path} to a controller.`,
		validate: `Let a DTO with class-validator check the body: app.useGlobalPipes(new ValidationPipe()).`,
		listen:   `Write await app.listen({port}, "0.0.0.0") in main.ts.`,
		stop:     `Call app.enableShutdownHooks() in main.ts.`}},
	{Name: "Fastify", Language: "Node", marks: node("fastify"), depends: named("fastify"), words: words{
		json:     `Return an object from the handler: Fastify makes JSON of it.`,
		status:   `Set the status in the route: reply.code({code}).`,
		refuse:   `return reply.code({code}).send({error: "…"})`,
		route:    `Add fastify.{method}("{path}", async (request, reply) => …).`,
		validate: `Give the route a schema whose body has required fields.`,
		listen:   `Write fastify.listen({ port: {port}, host: "0.0.0.0" }) in the program.`,
		stop:     nodeStop}},
	{Name: "Spring", Language: "Java", marks: regexp.MustCompile(`org\.springframework`),
		depends: regexp.MustCompile(`spring-boot`), words: words{
			json: `Return an object from a @RestController: Spring makes JSON of it.`,
			status: `Put @ResponseStatus(code = HttpStatus.valueOf({code})) on the method, or return ` +
				`ResponseEntity.status({code}).`,
			refuse:   `throw new ResponseStatusException(HttpStatusCode.valueOf({code}))`,
			route:    `Add a method that maps {METHOD} "{path}" to the controller.`,
			validate: `Put @Valid before the @RequestBody, and @NotNull on its required fields.`,
			listen:   `Set server.port={port} in application.properties.`,
			stop:     `Java ends on SIGTERM where it is process 1: write CMD as a list.`}},
	{Name: "Gin", Language: "Go", marks: regexp.MustCompile(`"github\.com/gin-gonic/gin"`),
		depends: regexp.MustCompile(`github\.com/gin-gonic/gin\b`), words: words{
			json:     `Answer with c.JSON(http.StatusOK, …).`,
			status:   `Set the status in the answer: c.JSON({code}, …).`,
			refuse:   `answer with c.JSON({code}, …) and return`,
			route:    `Add r.{METHOD}("{path}", …).`,
			validate: `Put binding:"required" on the fields, and answer 400 where c.ShouldBindJSON fails.`,
			listen:   `Write r.Run(":{port}").`,
			stop:     `Go ends on SIGTERM where it is process 1: write CMD as a list.`}},
	{Name: "Rails", Language: "Ruby", marks: regexp.MustCompile(`\bRails\.application\b`), depends: named("rails"),
		words: words{
			json:     `Answer with render json: ….`,
			status:   `Set the status in the answer: render json: …, status: {code}.`,
			refuse:   `render json: {error: "…"}, status: {code}`,
			route:    `Add {method} "{path}" to config/routes.rb.`,
			validate: `Let the model validate the presence of its fields, and answer 422 where it is not valid.`,
			listen:   `Start it with rails server -b 0.0.0.0 -p {port}.`,
			stop:     `Write CMD as a list, so that the server is process 1.`}},
	// the languages, for a program without a framework of this table
	{Name: "Python", Language: "Python", words: words{
		json:   `Answer with JSON, as json.dumps makes it, and Content-Type: application/json.`,
		status: anyStatus, refuse: anyRefuse, route: anyRoute, validate: anyValidate, listen: anyListen,
		stop: `Python as process 1 has no handler for SIGTERM: add STOPSIGNAL SIGINT, or a handler with ` +
			`signal.signal.`}},
	{Name: "Node", Language: "Node", words: words{
		json:   `Answer with JSON.stringify(…), and Content-Type: application/json.`,
		status: anyStatus, refuse: anyRefuse, route: anyRoute, validate: anyValidate,
		listen: `Write server.listen({port}, "0.0.0.0") in the program.`, stop: nodeStop}},
	{Name: "Go", Language: "Go", words: words{
		json:     `Answer with json.NewEncoder(w).Encode(…), and Content-Type: application/json.`,
		status:   `Call w.WriteHeader({code}) before the body is written.`,
		refuse:   `call http.Error(w, "…", {code}) and return`,
		route:    `Add mux.HandleFunc("{METHOD} {path}", …).`,
		validate: anyValidate, listen: `Write http.ListenAndServe(":{port}", …).`,
		stop: `Go ends on SIGTERM where it is process 1: write CMD as a list.`}},
	{Name: "Java", Language: "Java", words: general}, {Name: "Ruby", Language: "Ruby", words: general},
	{Name: "PHP", Language: "PHP", words: general}, {Name: "Rust", Language: "Rust", words: general},
	{words: general},
}

// truths and values are how a language makes true or false of 1 or 0, and an array of a mapping.
var (
	truths = map[string]string{"Python": `a bool, as in {**dict(row), "{field}": bool(row["{field}"])}`,
		"Node": `one, as in {...row, {field}: Boolean(row.{field})}`}
	values = map[string]string{"Python": ", as list(tasks.values()) does", "Node": ", as Object.values(tasks) does"}
)

// parameters are how a part of a path that differs is written, with ${1} for its name; in braces where
// there is none.
var parameters = map[string]string{"Flask": "<${1}>", "Django": "<${1}>", "Express": ":${1}", "NestJS": ":${1}",
	"Fastify": ":${1}", "Gin": ":${1}", "Rails": ":${1}"}

const (
	anyJSON     = `Answer with JSON, and Content-Type: application/json.`
	anyStatus   = `Let {METHOD} {path} answer with status {code}.`
	anyRefuse   = `answer with status {code}`
	anyRoute    = `Let the program answer {METHOD} {path}.`
	anyValidate = `Look for the required fields in the body, and answer with 400 or 422 where one is missing.`
	anyListen   = `Let the program listen on 0.0.0.0, port {port}.`
)

var general = words{json: anyJSON, status: anyStatus, refuse: anyRefuse, route: anyRoute, validate: anyValidate,
	listen: anyListen,
	stop:   `Write CMD as a list, so that the program is process 1, and let it end on SIGTERM.`}
