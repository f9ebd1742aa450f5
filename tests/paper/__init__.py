"""Does the reference do what the paper says?"""
