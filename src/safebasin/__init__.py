"""How far can a chat model's weights move before it stops refusing?"""
