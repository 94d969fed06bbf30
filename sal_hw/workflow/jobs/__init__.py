"""What can be done with a recipe, one way for networks and one for studies; which it is, is asked when it is loaded."""
