"""What the pages share: the shell, the sidebar, the session, and the parts of a page."""
