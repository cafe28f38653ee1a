-- Roles, database and schema of the helpdesk. Run by psql as a superuser; running it again changes nothing.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['desk_owner', 'desk_app', 'desk_tenant', 'desk_command', 'desk_provider', 'desk_backup']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE desk_owner LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOBYPASSRLS;
-- NOINHERIT before the grants: without a scope the application may do nothing.
ALTER ROLE desk_app LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
-- For what the application does outside its scopes, such as looking up a session; each scope sets its own, LOCAL.
ALTER ROLE desk_app SET statement_timeout = '15s';
ALTER ROLE desk_app SET lock_timeout = '5s';
ALTER ROLE desk_app SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE desk_tenant NOLOGIN NOSUPERUSER NOBYPASSRLS;
ALTER ROLE desk_command NOLOGIN NOSUPERUSER NOBYPASSRLS;
ALTER ROLE desk_provider NOLOGIN NOSUPERUSER NOBYPASSRLS;
-- A dump by the application would hold one tenant or none.
ALTER ROLE desk_backup LOGIN BYPASSRLS NOSUPERUSER NOCREATEDB NOCREATEROLE;
ALTER ROLE desk_backup SET default_transaction_read_only = on;
GRANT pg_read_all_data TO desk_backup;

-- PostgreSQL 16 and newer keep inheritance with the grant; 15 only with the role.
SELECT format('GRANT %I TO desk_app %s', name,
    CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'WITH INHERIT FALSE, SET TRUE' ELSE '' END)
FROM unnest(ARRAY['desk_tenant', 'desk_command', 'desk_provider']) AS name
\gexec

SELECT 'CREATE DATABASE helpdesk OWNER desk_owner' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'helpdesk')
\gexec
ALTER DATABASE helpdesk OWNER TO desk_owner;
REVOKE ALL ON DATABASE helpdesk FROM PUBLIC;
GRANT CONNECT ON DATABASE helpdesk TO desk_app, desk_backup;

\connect helpdesk
SET client_min_messages = warning;
\ir schema.sql
