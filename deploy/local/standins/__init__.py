"""Stand-ins for the outside systems: education data, social insurance and the payment channel.

Each can be told, through `PUT /control`, to be slow, wrong or down. None of them logs a request: they carry names
and ID numbers.
"""
