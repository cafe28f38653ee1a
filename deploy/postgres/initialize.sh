#!/bin/bash
# Run once by the postgres image on an empty volume: roles, database, passwords.
set -eu
psql --no-psqlrc --quiet --username postgres --dbname postgres --file /deploy/postgres/roles.sql
psql --no-psqlrc --quiet --username postgres --dbname postgres --set ON_ERROR_STOP=1 \
    --set app="$DESK_APP_PASSWORD" --set owner="$DESK_OWNER_PASSWORD" --set backup="$DESK_BACKUP_PASSWORD" <<'SQL'
ALTER ROLE desk_app PASSWORD :'app';
ALTER ROLE desk_owner PASSWORD :'owner';
ALTER ROLE desk_backup PASSWORD :'backup';
SQL
