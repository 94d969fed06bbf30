"""Recipes: strict YAML files that hold a specification and an experiment."""
