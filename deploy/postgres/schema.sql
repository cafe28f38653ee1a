-- The schema of one database: the owner's alone, used by the application's roles.
ALTER SCHEMA public OWNER TO desk_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO desk_app, desk_tenant, desk_command, desk_provider, desk_backup;
