//! Makes a script short before it goes to a browser: no comments, no white space, short local names.

use anyhow::{Result, bail};
use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_mangler::Mangler;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;

/// The ES module `script`, with private members and all names that no other file sees renamed.
/// Statements stay as they were written: a compressor would save another sixtieth, and make what
/// this needs of crates take half as long again to compile.
pub(crate) fn module(script: &str) -> Result<String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, script, SourceType::mjs()).parse();
    // What the mangler itself would build, and what only whole scopes show: a name declared twice.
    let built = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .with_build_nodes(true)
        .with_class_table(true)
        .build(&parsed.program);
    if let Some(fault) = parsed.diagnostics.iter().chain(built.diagnostics.iter()).next() {
        bail!("{}", fault.clone().render_with_source_code(script.to_owned()));
    }
    let mut semantic = built.semantic;
    let private = Mangler::new().build_with_semantic(&mut semantic, &parsed.program);
    let printed = Codegen::new()
        .with_options(CodegenOptions::minify())
        .with_scoping(Some(semantic.into_scoping()))
        .with_private_member_mappings(Some(private))
        .build(&parsed.program);
    Ok(printed.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_files_see_stays() {
        let script = r#"
            // Reason.
            import { spoken as longAlias } from "./words.js";
            /** @param {number} longParameter */
            export function shown(longParameter) {
                const longLocal = longParameter + 1; /* reason */
                return new URL('./worker.js', import.meta.url, longLocal, longLocal);
            }
            export class Shelf {
                #longMember = 1;
                get kept() { return this.#longMember; }
            }
            export const later = () => import("./leaf.js").then(longAlias);
        "#;
        let short = module(script).unwrap();
        for kept in ["spoken", "shown", "Shelf", "kept", "later", "import.meta.url"] {
            assert!(short.contains(kept), "{kept}: {short}");
        }
        for name in ["./words.js", "./worker.js", "./leaf.js"] {
            let quoted = ["\"", "'", "`"].map(|quote| format!("{quote}{name}{quote}"));
            assert!(quoted.iter().any(|quoted| short.contains(quoted)), "{name}: {short}");
        }
        for gone in ["long", "eason", "@param", "\n", "  "] {
            assert!(!short.contains(gone), "{gone}: {short}");
        }
        assert_eq!(short, module(script).unwrap());
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        for (script, place) in [("let a;\nlet b = (;", "2:10"), ("let a;\n let a;", "1:5")] {
            let fault = module(script).unwrap_err().to_string();
            assert!(fault.contains(place), "{fault}");
        }
    }
}
