#!/bin/sh
# Once, in an empty volume: redress has a database and a user of its own beside Temporal's.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -v password="$REDRESS_DB_PASSWORD" <<'SQL'
CREATE ROLE redress LOGIN PASSWORD :'password';
CREATE DATABASE redress OWNER redress;
SQL
