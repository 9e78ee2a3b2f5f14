-- Beside the rights on its own database, which the image grants: the definitions of routines. Without it CALL, and
-- functions of your own, count as writes to everything.
GRANT SELECT ON mysql.proc TO rockpool@'%';
