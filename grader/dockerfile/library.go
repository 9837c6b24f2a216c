package dockerfile

import (
	"regexp"
	"slices"
	"strings"
)

// library are the images that a name without a / can be of: those of Docker's own library.
var library = strings.Fields(`adminer aerospike almalinux alpine alt amazoncorretto amazonlinux api-firewall arangodb
	archlinux backdrop bash bonita buildpack-deps busybox caddy cassandra celery centos chronograf cirros clearlinux
	clefos clickhouse clojure composer consul convertigo couchbase couchdb crate crux dart debian django docker drupal
	eclipse-mosquitto eclipse-temurin eggdrop elasticsearch elixir emqx erlang express-gateway fedora flink fluentd
	friendica gazebo gcc geonetwork ghost glassfish golang gradle groovy haproxy haskell haxe hello-world hipache
	hitch httpd hylang ibmjava influxdb iojs irssi java jenkins jetty jobber joomla jruby julia kaazing-gateway
	kapacitor kibana known kong krakend lightstreamer liquibase logstash mageia mariadb matomo maven mediawiki
	memcached mongo mongo-express monica mono mysql nats nats-streaming neo4j neurodebian nextcloud nginx node notary
	nuxeo odoo open-liberty openjdk opensuse oraclelinux orientdb owncloud percona perl photon php php-zendserver
	phpmyadmin piwik plone postfixadmin postgres pypy python r-base rabbitmq rails rakudo-star rapidoid redis redmine
	registry rethinkdb rocket.chat rockylinux ros ruby rust sapmachine satosa scratch sentry silverpeas sl solr
	sonarqube sourcemage spark spiped storm swarm swift swipl teamspeak telegraf thrift tomcat tomee traefik
	ubuntu ubuntu-debootstrap unit valkey varnish vault websphere-liberty wordpress xwiki yourls znc zookeeper`)

// plainName is what a stage can be called, and an image of the library.
var plainName = regexp.MustCompile(`^\w[\w.-]*$`)

// NoStage returns the line that names a stage which none above it is called, in FROM, COPY --from
// or RUN --mount. ok is false where there is none, and where the name may be that of an image.
func (f *File) NoStage(name string) (line int, ok bool) {
	if !plainName.MatchString(name) || slices.Contains(library, strings.ToLower(name)) {
		return 0, false
	}
	for _, r := range f.references() {
		if r.image == name && r.line != f.Stages[0].Line {
			return r.line, true
		}
	}
	return 0, false
}
