//! The words and signs of a Rust source text.

/// A word (a name, a keyword or a number), `::`, or another sign.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub text: &'a str,
    pub line: usize,
}

/// The text of a token; it is empty after the last token.
pub fn text<'a>(tokens: &[Token<'a>], at: usize) -> &'a str {
    tokens.get(at).map_or("", |token| token.text)
}

/// Whether a token is a name or a keyword.
pub fn is_word(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

/// The position after the bracket that closes the one at `at`.
pub fn after_brackets(tokens: &[Token<'_>], at: usize) -> usize {
    let mut depth = 0_usize;
    for (position, token) in tokens.iter().enumerate().skip(at) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return position + 1;
        }
    }
    tokens.len()
}

/// The tokens of a source text, without comments, strings, characters and lifetimes.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(letter) = rest.chars().next() {
        let skipped = comment(rest).or_else(|| literal(rest));
        let length = skipped.unwrap_or_else(|| match letter {
            letter if letter.is_alphanumeric() || letter == '_' => rest
                .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .unwrap_or(rest.len()),
            ':' if rest.starts_with("::") => 2,
            letter => letter.len_utf8(),
        });
        if skipped.is_none() && !letter.is_whitespace() {
            let text = &rest[..length];
            tokens.push(Token { text, line });
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length of the comment that begins here, if one does.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if depth == 0 {
            return None;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    (at > 0).then_some(at)
}

/// The length of the string, character or lifetime that begins here, if one does.
fn literal(text: &str) -> Option<usize> {
    let bare = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - bare.len();
    let unraw = bare.strip_prefix('r').unwrap_or(bare);
    let hashes = unraw.len() - unraw.trim_start_matches('#').len();
    let is_raw = unraw.len() < bare.len() && unraw[hashes..].starts_with('"');
    if prefix < 2 && is_raw {
        let close = format!("\"{}", "#".repeat(hashes));
        let open = prefix + 1 + close.len();
        return Some(
            text[open..]
                .find(&close)
                .map_or(text.len(), |at| open + at + close.len()),
        );
    }
    let quote = bare
        .chars()
        .next()
        .filter(|quote| prefix < 2 && matches!(quote, '"' | '\''))?;
    let inside = &bare[1..];
    let mut letters = inside.char_indices();
    let (_, first) = letters.next()?;
    if quote == '\'' && first != '\\' && !inside[first.len_utf8()..].starts_with('\'') {
        let end = inside.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        return Some(prefix + 1 + end.unwrap_or(inside.len()));
    }
    let mut letters = inside.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            letter if letter == quote => return Some(prefix + at + 2),
            _ => {}
        }
    }
    Some(text.len())
}
