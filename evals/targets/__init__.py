"""Who answers: likelihood and generation, local or on a server."""
