//! What one source file imports and defines.

use std::collections::BTreeSet;

use crate::Source;
use crate::tokens::{Token, after_brackets, is_word, text, tokens};

/// What a file says about others, and what it defines.
#[derive(Debug, Default)]
pub struct File {
    pub path: String,
    /// The names from the crate's root to this module.
    pub module: Vec<String>,
    pub uses: Vec<Use>,
    /// Paths of two names or more outside of `use`, each with its line.
    pub paths: Vec<(Vec<String>, usize)>,
    /// Names of what is defined here.
    pub items: BTreeSet<String>,
    /// Names that occur outside of `use` and `mod`.
    pub words: BTreeSet<String>,
    /// Child modules that exist for tests only.
    pub test_modules: BTreeSet<String>,
}

/// One name that a `use` brings in.
#[derive(Debug)]
pub struct Use {
    pub path: Vec<String>,
    /// The name that it has here; `*` for all names of a module.
    pub name: String,
    /// Whether others may import it from here.
    pub public: bool,
    pub line: usize,
}

impl File {
    pub fn new(source: &Source) -> Self {
        let Source { path, text } = source;
        let module = path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut module: Vec<String> = module.split('/').map(str::to_owned).collect();
        if matches!(&*module[module.len() - 1], "mod" | "lib" | "main") {
            module.pop();
        }
        let mut file = Self {
            path: path.clone(),
            module,
            ..Self::default()
        };
        let tokens = tokens(text);
        let tokens = file.without_tests(&tokens);
        file.collect(&tokens);
        file
    }

    /// The tokens that are not under `#[cfg(test)]`.
    fn without_tests<'a>(&mut self, tokens: &[Token<'a>]) -> Vec<Token<'a>> {
        let mut kept = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            let inner = text(tokens, at + 1) == "!";
            let open = at + 1 + usize::from(inner);
            if text(tokens, at) != "#" || text(tokens, open) != "[" {
                kept.push(tokens[at]);
                at += 1;
                continue;
            }
            let end = after_brackets(tokens, open);
            let has = |word| tokens[open..end].iter().any(|token| token.text == word);
            let of_tests = text(tokens, open + 1) == "cfg" && has("test") && !has("not");
            match (of_tests, inner) {
                (true, true) => return Vec::new(),
                (true, false) => at = self.after_item(tokens, end),
                (false, _) => {
                    kept.extend(&tokens[at..end]);
                    at = end;
                }
            }
        }
        kept
    }

    /// The position after the item that begins at `at`.
    fn after_item(&mut self, tokens: &[Token<'_>], mut at: usize) -> usize {
        while at < tokens.len() {
            match tokens[at].text {
                "mod" if text(tokens, at + 2) == ";" => {
                    self.test_modules.insert(text(tokens, at + 1).to_owned());
                }
                ";" => return at + 1,
                "{" => return after_brackets(tokens, at),
                "(" | "[" => {
                    at = after_brackets(tokens, at);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        at
    }

    /// Collects imports, paths, words and items.
    fn collect(&mut self, tokens: &[Token<'_>]) {
        const DEFINES: [&str; 9] = [
            "fn",
            "struct",
            "enum",
            "trait",
            "const",
            "static",
            "type",
            "union",
            "macro_rules",
        ];
        // The ends of the modules within this file that hold the token at hand.
        let mut inline: Vec<usize> = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            inline.retain(|&end| at < end);
            let token = tokens[at];
            let before = if at == 0 { "" } else { tokens[at - 1].text };
            match token.text {
                "use" if text(tokens, at + 1) != "<" => {
                    let first = self.uses.len();
                    at = self.tree(
                        tokens,
                        at + 1,
                        &mut Vec::new(),
                        matches!(before, "pub" | ")"),
                    );
                    for import in &mut self.uses[first..] {
                        leave(&mut import.path, inline.len());
                    }
                    continue;
                }
                "mod" if text(tokens, at + 2) == ";" => at += 3,
                "mod" if text(tokens, at + 2) == "{" => {
                    inline.push(after_brackets(tokens, at + 2));
                    at += 3;
                }
                word if !is_word(word) => at += 1,
                word => {
                    if DEFINES.contains(&before)
                        || (before == "!" && at > 1 && tokens[at - 2].text == "macro_rules")
                    {
                        self.items.insert(word.to_owned());
                    }
                    let mut path = vec![word.to_owned()];
                    at += 1;
                    while text(tokens, at) == "::" && is_word(text(tokens, at + 1)) {
                        path.push(tokens[at + 1].text.to_owned());
                        at += 2;
                    }
                    self.words.insert(word.to_owned());
                    if path.len() > 1 && !matches!(before, "::" | "in") {
                        leave(&mut path, inline.len());
                        self.paths.push((path, token.line));
                    }
                }
            }
        }
    }

    /// Collects the names of the part of a `use` that begins at `at`, below the path `base`. Returns the position after it.
    fn tree(
        &mut self,
        tokens: &[Token<'_>],
        mut at: usize,
        base: &mut Vec<String>,
        public: bool,
    ) -> usize {
        let depth = base.len();
        loop {
            let token = tokens[at];
            at += 1;
            match token.text {
                "::" => {}
                "{" => {
                    while text(tokens, at) != "}" {
                        at = self.tree(tokens, at, base, public);
                        at += usize::from(text(tokens, at) == ",");
                    }
                    at += 1;
                    break;
                }
                name => {
                    if name != "self" || base.is_empty() {
                        base.push(name.to_owned());
                    }
                    if text(tokens, at) == "::" {
                        continue;
                    }
                    let mut name = base[base.len() - 1].clone();
                    if text(tokens, at) == "as" {
                        name = text(tokens, at + 1).to_owned();
                        at += 2;
                    }
                    let (path, line) = (base.clone(), token.line);
                    self.uses.push(Use {
                        path,
                        name,
                        public,
                        line,
                    });
                    break;
                }
            }
        }
        base.truncate(depth);
        at
    }
}

/// A path within `depth` modules of a file, as the file itself would write it.
fn leave(path: &mut Vec<String>, depth: usize) {
    let supers = path.iter().take_while(|name| *name == "super").count();
    let within = supers.min(depth);
    if within > 0 {
        path.drain(..within);
        if within == supers {
            path.insert(0, "self".to_owned());
        }
    }
}
