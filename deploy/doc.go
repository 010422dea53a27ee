// Package deploy holds what compose and operators mount: the image, the
// configuration in it, ClickHouse's and Prometheus's settings. Its tests load
// docker-compose.yml as compose would and hold it to the rules, because most
// of its mistakes show only when somebody else starts it.
package deploy
