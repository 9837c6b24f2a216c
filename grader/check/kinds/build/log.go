package build

import "github.com/taskgrader/taskgrader/grader/check/readings"

// readings are the texts by which tools say what students most often meet, the most telling first. $1 and so on are
// what the pattern found.
var known = []readings.Reading{
	// a requirement that nothing satisfies: pip, then uv and poetry in their several wordings
	readings.On(`(?:Could not find a version that satisfies the requirement|No matching distribution found for) ([^\s(;]+(?: ?[<>=!~]=? ?[^\s(;]+)?)`,
		`no package satisfies "$1"`, `Check the spelling and the version of "$1" in requirements.txt or pyproject.toml.`),
	readings.On(`[Bb]ecause there (?:is|are) no versions? of (\S+?),? and`,
		`no package satisfies "$1"`, `Check the version of "$1" in pyproject.toml or requirements.txt: there is none.`),
	readings.On(`(?:[Bb]ecause|and) (\S+) was not found in the (?:package registry|cache|provided package locations)`,
		`there is no package "$1"`, `Check the spelling of "$1" in pyproject.toml or requirements.txt.`),
	readings.On(`[Bb]ecause only (.+?) (?:is|are) available and .+? (?:depends? on|requires?) (\S+?),`,
		`no package satisfies "$2": only $1 is available`, `Change "$2" in pyproject.toml or requirements.txt to a version that there is.`),
	readings.On(`[Bb]ecause \S+ depends on (\S+(?: \([^)]*\))?) which doesn't match any versions`,
		`no package satisfies "$1"`, `Check the spelling and the version of "$1" in pyproject.toml.`),
	readings.On(`[Bb]ecause the requested Python version \(([^)]*)\) does not satisfy (Python\S+)`,
		`the dependencies want $2, and the project says $1`, `Make requires-python in pyproject.toml fit what the dependencies want, or take older versions of them.`),
	readings.On(`requires a different Python: (\S+) not in '?([^'\n]+)'?`,
		`a package wants Python $2, and the image has $1`, `Begin with a base image of that Python version, or take another version of the package.`),
	readings.On(`No interpreter found for (Python ?\S+)`,
		`the project wants $1, which the image does not have`, `Make requires-python in pyproject.toml and the version of the base image agree.`),
	// requirements that do not go together
	readings.On(`Cannot install (.+?) because these package versions have conflicting dependencies`,
		`$1 do not go together`, `Loosen the version of one of them: the build's log says what each wants of the other.`),
	readings.On(`(Because .+? unsatisfiable)`, `$1`, `Two of these do not go together: loosen the version of one in pyproject.toml.`),
	readings.On(`(?:No solution found|version solving failed|ResolutionImpossible)`,
		`the dependencies do not go together`, `Check names and versions of the dependencies in pyproject.toml or requirements.txt.`),
	// what cannot be read
	readings.On(`Invalid requirement: '?([^'\n:]+)'?`, `"$1" is no requirement`, `Write it as NAME==VERSION or NAME>=VERSION in requirements.txt.`),
	readings.On("(?:Failed to parse|Invalid TOML)[^\n]*?`?(pyproject\\.toml|uv\\.lock|[\\w./-]+\\.txt)`?.*?(?:line|:) ?(\\d+)",
		`$1 cannot be read, from line $2 on`, `Mend line $2 of $1.`),
	readings.On("Failed to parse:? `?([^`\n]+)`?", `$1 cannot be read`, `Mend $1: the build's log says where it is wrong.`),
	// files that the step needs
	readings.On("No `?(pyproject\\.toml)`? found in", `there is no $1 at this step`, `COPY $1 before this step.`),
	readings.On(`Could not open requirements file: .*'([^']+)'`, `there is no $1 at this step`, `COPY $1 before this step.`),
	readings.On("(?:Unable to find lockfile at|File not found:?) `?([\\w./-]+)`?", `there is no $1 at this step`,
		`COPY $1 before this step, or make it with uv lock.`),
	readings.On("lockfile at `?([\\w./-]+)`? needs to be updated", `$1 is older than pyproject.toml`, `Run uv lock, and hand in the new $1.`),
	readings.On(`Readme file does not exist: (\S+)`, `the package wants a $1, which is not there`, `COPY $1 before this step, or take readme out of pyproject.toml.`),
	// what has to be compiled
	readings.On("(?:Failed to build `|Failed building wheel for )([\\w.-]+(?:==[\\w.]+)?)",
		`"$1" has to be compiled, and that failed`, `Take a version of "$1" that has a wheel for this Python, or a base image with a compiler in a first stage.`),
	readings.On(`externally-managed-environment`, `pip may not change this system's own Python`, `Begin with a python base image, such as python:3.12-slim, or make a virtual environment.`),
	// programs and packages that are not there
	readings.On(`E: Unable to locate package (\S+)`, `apt knows no package "$1"`, `Run apt-get update in the same RUN, before the install, and check the spelling of "$1".`),
	readings.On(`(?:sh|bash): (?:line )?(?:\d+: )?(\S+?): (?:command )?not found`, `the image has no program "$1" at this step`, `Install $1, or copy it in, on a line before.`),
	readings.On(`can't open file '([^']+)'`, `there is no $1 at this step`, `COPY the file before this step.`),
	readings.On(`No module named '?([\w.]+)`, `Python finds no module "$1"`, `Install it on a line before this one.`),
	readings.On(`(?i)permission denied`, `the user of this step may not do that`, `Put the step before USER, or give the files to that user with COPY --chown.`),
	readings.On(`No space left on device`, `the disk is full`, `Install less: what the step writes does not fit.`),
}
