"""The Data page: look through a folder of art, see what is wrong with it, build a data set."""
