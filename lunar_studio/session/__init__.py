"""The document an artist works on: state, commands with inverses, history, settings, actions, ports."""
