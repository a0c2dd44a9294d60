package world

import (
	"strings"
	"time"
)

const megabyte = 1_000_000

// known is what is known of an image without anybody having said it.
type known struct {
	bytes   int64
	program Program
}

// wellKnownImage is a row of the table: compressed sizes in MB (amd64, about)
// of the image itself, of its slim and of its alpine form (0: there is none),
// and what it does.
type wellKnownImage struct {
	full, slim, alpine float64
	program            Program
}

func startsIn(d time.Duration) Program { return Program{Start: d} }

// wellKnownImages are ordinary images of the public registry, by name without registry and tag.
var wellKnownImages = map[string]wellKnownImage{
	"alpine":          {3.8, 0, 3.8, shell},
	"busybox":         {2.2, 0, 0, shell},
	"debian":          {49, 30, 0, shell},
	"ubuntu":          {29.7, 0, 0, shell},
	"fedora":          {65, 0, 0, shell},
	"centos":          {83, 0, 0, shell},
	"rockylinux":      {69, 0, 0, shell},
	"hello-world":     {0.01, 0, 0, Program{Exits: true}},
	"bash":            {6.5, 0, 0, shell},
	"curlimages/curl": {9.4, 0, 0, Program{Exits: true, ExitCode: 2}},

	"nginx":         {72, 0, 20, startsIn(200 * time.Millisecond)},
	"httpd":         {59, 0, 24, startsIn(200 * time.Millisecond)},
	"caddy":         {22, 0, 22, startsIn(200 * time.Millisecond)},
	"traefik":       {48, 0, 48, startsIn(300 * time.Millisecond)},
	"haproxy":       {43, 0, 15, startsIn(200 * time.Millisecond)},
	"registry":      {10, 0, 10, startsIn(200 * time.Millisecond)},
	"memcached":     {32, 0, 6.5, startsIn(100 * time.Millisecond)},
	"redis":         {45, 0, 9.1, startsIn(200 * time.Millisecond)},
	"valkey/valkey": {45, 0, 15, startsIn(200 * time.Millisecond)},

	"postgres":      {155, 0, 105, startsIn(2 * time.Second)},
	"mysql":         {170, 0, 0, startsIn(3 * time.Second)},
	"mariadb":       {115, 0, 0, startsIn(2500 * time.Millisecond)},
	"mongo":         {270, 0, 0, startsIn(1500 * time.Millisecond)},
	"couchdb":       {95, 0, 0, startsIn(2 * time.Second)},
	"influxdb":      {110, 0, 80, startsIn(time.Second)},
	"cassandra":     {140, 0, 0, startsIn(3 * time.Second)},
	"neo4j":         {270, 0, 0, startsIn(3 * time.Second)},
	"elasticsearch": {650, 0, 0, startsIn(3 * time.Second)},
	"rabbitmq":      {105, 0, 75, startsIn(2500 * time.Millisecond)},
	"zookeeper":     {110, 0, 0, startsIn(time.Second)},
	"nats":          {6, 0, 8, startsIn(100 * time.Millisecond)},
	"consul":        {50, 0, 0, startsIn(500 * time.Millisecond)},
	"vault":         {80, 0, 0, startsIn(500 * time.Millisecond)},

	"node":            {390, 75, 50, startsIn(500 * time.Millisecond)},
	"python":          {370, 45, 18, startsIn(500 * time.Millisecond)},
	"ruby":            {370, 75, 40, startsIn(800 * time.Millisecond)},
	"php":             {180, 0, 35, startsIn(300 * time.Millisecond)},
	"golang":          {310, 0, 80, shell},
	"rust":            {560, 290, 320, shell},
	"openjdk":         {240, 210, 190, startsIn(2 * time.Second)},
	"eclipse-temurin": {230, 0, 180, startsIn(2 * time.Second)},
	"tomcat":          {200, 0, 0, startsIn(2 * time.Second)},
	"maven":           {270, 0, 210, shell},
	"gradle":          {330, 0, 260, shell},

	"wordpress":                  {260, 0, 100, startsIn(time.Second)},
	"drupal":                     {260, 0, 60, startsIn(time.Second)},
	"joomla":                     {270, 0, 0, startsIn(time.Second)},
	"nextcloud":                  {500, 0, 0, startsIn(2 * time.Second)},
	"ghost":                      {190, 0, 140, startsIn(2 * time.Second)},
	"adminer":                    {115, 0, 0, startsIn(300 * time.Millisecond)},
	"phpmyadmin":                 {260, 0, 0, startsIn(500 * time.Millisecond)},
	"grafana/grafana":            {165, 0, 0, startsIn(2 * time.Second)},
	"prom/prometheus":            {110, 0, 0, startsIn(time.Second)},
	"kibana":                     {400, 0, 0, startsIn(3 * time.Second)},
	"logstash":                   {430, 0, 0, startsIn(3 * time.Second)},
	"sonarqube":                  {560, 0, 0, startsIn(3 * time.Second)},
	"jenkins/jenkins":            {280, 0, 240, startsIn(3 * time.Second)},
	"gitea/gitea":                {75, 0, 0, startsIn(time.Second)},
	"minio/minio":                {60, 0, 0, startsIn(500 * time.Millisecond)},
	"bitnami/kubectl":            {110, 0, 0, Program{Exits: true, ExitCode: 1}},
	"registry.k8s.io/pause":      {0.3, 0, 0, Program{}},
	"registry.k8s.io/echoserver": {43, 0, 0, startsIn(200 * time.Millisecond)},
	"registry.k8s.io/e2e-test-images/agnhost": {52, 0, 0, startsIn(100 * time.Millisecond)},
}

// wellKnown finds the size and the program of an image by its full name.
func wellKnown(name string) known {
	repo, tag := split(name)
	row, ok := wellKnownImages[repo]
	if !ok {
		return known{bytes: hashBytes(name)}
	}
	size := row.full
	switch {
	case strings.Contains(tag, "alpine") && row.alpine > 0:
		size = row.alpine
	case strings.Contains(tag, "slim") && row.slim > 0:
		size = row.slim
	}
	return known{bytes: int64(size * megabyte), program: row.program}
}

// split gives the table's name of a full image name, and its tag ("" with a digest).
func split(name string) (repo, tag string) {
	repo, _, _ = strings.Cut(name, "@")
	if i := strings.LastIndexByte(repo, ':'); i > strings.LastIndexByte(repo, '/') {
		repo, tag = repo[:i], repo[i+1:]
	}
	repo = strings.TrimPrefix(repo, "docker.io/")
	return strings.TrimPrefix(repo, "library/"), tag
}
