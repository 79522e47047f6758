//! Which file imports which, and whether it may.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::file::{File, Use};
use crate::graph::{Edges, circles, pairs};
use crate::{Source, Violation};

/// How many re-exports of re-exports are followed.
const DEEPEST: usize = 8;

/// The areas from top to bottom, a slice for each floor.
pub type Floors = &'static [&'static [&'static str]];

/// Imports upwards or sideways, and circles of imports.
pub fn violations(sources: &[Source], floors: Floors) -> Vec<Violation> {
    let house = House::new(sources, floors);
    let edges = house.edges();
    let mut found: Vec<Violation> = (0..house.files.len())
        .filter_map(|file| house.without_floor(file))
        .collect();
    for (&from, targets) in &edges {
        let against = |(&to, &line): (&usize, &usize)| house.against_the_floors(from, to, line);
        found.extend(targets.iter().filter_map(against));
    }
    found.extend(
        circles(edges.clone())
            .iter()
            .map(|circle| house.circle(circle, &edges)),
    );
    found
}

/// The files and how they name each other.
struct House {
    floors: Floors,
    files: Vec<File>,
    /// The file of each module. `lib.rs` and `main.rs` share the root; `lib.rs` stands for it.
    modules: BTreeMap<Vec<String>, usize>,
}

impl House {
    fn new(sources: &[Source], floors: Floors) -> Self {
        let mut files: Vec<File> = sources.iter().map(File::new).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let numbered = files.iter().enumerate();
        let modules = numbered
            .filter(|(_, file)| file.path != "src/main.rs")
            .map(|(number, file)| (file.module.clone(), number))
            .collect();
        Self {
            floors,
            files,
            modules,
        }
    }

    /// All imports between different files.
    fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (from, file) in self.files.iter().enumerate() {
            if self.is_test(file) {
                continue;
            }
            let uses = file.uses.iter().filter(|import| self.counts(file, import));
            let uses = uses.map(|import| (&import.path, import.line));
            let paths = file.paths.iter().map(|(path, line)| (path, *line));
            for (path, line) in uses.chain(paths) {
                if let Some(to) = self.target(file, path, 0).filter(|&to| to != from) {
                    let first = edges.entry(from).or_default().entry(to).or_insert(line);
                    *first = line.min(*first);
                }
            }
        }
        edges
    }

    /// Whether a `use` is more than a parent that shows what its child has.
    fn counts(&self, file: &File, import: &Use) -> bool {
        let shown = import.public
            && self.absolute(file, &import.path, 0).is_some_and(|path| {
                path.len() > file.module.len() && path.starts_with(&file.module)
            });
        !shown || file.words.contains(&import.name)
    }

    /// Whether a file is a test's module: its parent declares it under `#[cfg(test)]`.
    fn is_test(&self, file: &File) -> bool {
        (1..=file.module.len()).any(|length| {
            let (name, parent) = file.module[..length].split_last().expect("a name at least");
            let parent = self.modules.get(parent).map(|&parent| &self.files[parent]);
            parent.is_some_and(|parent| parent.test_modules.contains(name))
        })
    }

    /// A path of a file as a path from the crate's root; none for a path of another crate.
    fn absolute(&self, file: &File, path: &[String], depth: usize) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let mut base = file.module.clone();
        match &**first {
            "crate" | "gingham" => base.clear(),
            "self" => {}
            "super" => {
                base.pop();
            }
            name => {
                base.push(name.to_owned());
                if !self.modules.contains_key(&base) {
                    let brought = file.uses.iter().find(|import| import.name == name)?;
                    if depth == DEEPEST || brought.path[0] == name {
                        return None;
                    }
                    base = self.absolute(file, &brought.path, depth + 1)?;
                }
            }
        }
        for name in rest {
            match &**name {
                "super" => {
                    base.pop();
                }
                name => base.push(name.to_owned()),
            }
        }
        Some(base)
    }

    /// The file that defines what a path of a file names; none for a path of another crate.
    fn target(&self, file: &File, path: &[String], depth: usize) -> Option<usize> {
        let path = self.absolute(file, path, 0)?;
        let within = |length: &usize| self.modules.contains_key(&path[..*length]);
        let length = (0..=path.len()).rev().find(within)?;
        let number = self.modules[&path[..length]];
        let module = &self.files[number];
        let Some(item) = path.get(length) else {
            return Some(number);
        };
        if depth == DEEPEST || module.items.contains(item) {
            return Some(number);
        }
        let behind = &path[length + 1..];
        let named = module.uses.iter().find(|import| import.name == *item);
        let named = named
            .and_then(|import| self.target(module, &[&import.path, behind].concat(), depth + 1));
        let globs = module.uses.iter().filter(|import| import.name == "*");
        let mut by_glob = globs.filter_map(|import| {
            let (_, source) = import.path.split_last()?;
            self.target(module, &[source, &path[length..]].concat(), depth + 1)
                .filter(|&target| self.files[target].items.contains(item))
        });
        named.or_else(|| by_glob.next()).or(Some(number))
    }

    /// The floor of a file, counted from the top, and its area.
    fn floor(&self, file: usize) -> Option<(usize, &'static str)> {
        let file = &self.files[file];
        let names: Vec<&str> = match &*file.path {
            "src/main.rs" => vec!["main"],
            "src/lib.rs" => vec!["lib"],
            _ => file.module.iter().map(String::as_str).collect(),
        };
        let areas = self.floors.iter().enumerate().flat_map(|(floor, areas)| {
            let areas = areas.iter();
            areas.map(move |&area| (floor, area))
        });
        let holds = |(_, area): &(usize, &str)| {
            let area: Vec<&str> = area.split("::").collect();
            names.starts_with(&area)
        };
        areas.filter(holds).max_by_key(|(_, area)| area.len())
    }

    fn without_floor(&self, file: usize) -> Option<Violation> {
        let path = &self.files[file].path;
        self.floor(file).is_none().then(|| Violation {
            key: format!("{path} has no floor"),
            says: format!("{path}:1: the table of floors does not name its area"),
        })
    }

    fn against_the_floors(&self, from: usize, to: usize, line: usize) -> Option<Violation> {
        let ((floor, area), (other_floor, other_area)) = (self.floor(from)?, self.floor(to)?);
        let (path, other) = (&self.files[from].path, &self.files[to].path);
        let way = match floor.cmp(&other_floor) {
            _ if area == other_area => return None,
            Ordering::Less => return None,
            Ordering::Equal => "sideways",
            Ordering::Greater => "upwards",
        };
        Some(Violation {
            key: format!("{path} imports {other} {way}"),
            says: format!(
                "{path}:{line}: {area} may import lower floors only, and {other_area} is not"
            ),
        })
    }

    fn circle(&self, circle: &[usize], edges: &Edges) -> Violation {
        let path = |file: usize| &*self.files[file].path;
        let around = circle.iter().chain(circle.first());
        let positions =
            pairs(circle).map(|(from, to)| format!("{}:{}", path(from), edges[&from][&to]));
        Violation {
            key: around
                .map(|&file| path(file))
                .collect::<Vec<_>>()
                .join(" -> "),
            says: format!(
                "{}: these files import each other in a circle",
                positions.collect::<Vec<_>>().join(", ")
            ),
        }
    }
}
