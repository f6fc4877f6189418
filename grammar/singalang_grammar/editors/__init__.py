"""Editor support, generated from the grammar: TextMate, VS Code, vim, and the word lists of the Pygments lexer."""
