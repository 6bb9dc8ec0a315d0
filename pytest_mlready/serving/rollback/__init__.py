"""Goes back to the previous version of a service that this run started, and forward again, and watches its answers."""
