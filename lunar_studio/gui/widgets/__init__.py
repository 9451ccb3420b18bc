"""Small controls that every page is built from; import from the modules (`widgets.buttons`, ...)."""
