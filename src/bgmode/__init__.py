"""bgmode: may this job run in OpenAI's background mode, and does the code finish what it starts?"""

__version__ = "0.1.0"
