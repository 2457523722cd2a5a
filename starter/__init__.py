"""How redress is started and reached: settings, connection, local stack, client, command line."""
