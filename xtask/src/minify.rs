//! Minifies a script: no comments, no white space, short local names.

use anyhow::{Result, bail};
use oxc_allocator::Allocator;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_mangler::Mangler;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;

/// The ES module `script`, minified. Private members and names that are not exported are renamed;
/// statements stay. A compressor of statements would save another sixtieth of the bytes, and its
/// crates would take half as long again to compile.
pub(crate) fn module(script: &str) -> Result<String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, script, SourceType::mjs()).parse();
    // The mangler needs these tables; with them, a name that is declared twice is found as well.
    let built = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .with_build_nodes(true)
        .with_class_table(true)
        .build(&parsed.program);
    if let Some(error) = parsed.diagnostics.iter().chain(built.diagnostics.iter()).next() {
        bail!("{}", error.clone().render_with_source_code(script.to_owned()));
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

/// A module that imports and exports nothing, minified, as a script that stands in a page.
pub(crate) fn inline(script: &str) -> Result<String> {
    let short = module(&format!("(()=>{{\"use strict\";\n{script}}})();"))?;
    // Either would end the element (HTML §4.12.1.3).
    if ["</script", "<!--"].iter().any(|text| short.to_ascii_lowercase().contains(text)) {
        bail!("the script has text in it that no script in a page may have");
    }
    Ok(short.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_that_ends_its_element_is_not_put_in_a_page() {
        assert!(inline("globalThis.a = 1;").unwrap().starts_with("(()=>{"));
        for end in ["</script", "<!--"] {
            let short = inline(&format!("globalThis.a = '{end}>';"));
            assert!(short.is_err() || short.is_ok_and(|short| !short.contains(end)), "{end}");
        }
    }

    #[test]
    fn names_seen_by_other_files_stay() {
        let script = r#"
            // Reason.
            import { spoken as longAlias } from "./names.js";
            /** @param {number} longParameter */
            export function shown(longParameter) {
                const longLocal = longParameter + 1; /* reason */
                return new URL('./worker.js', import.meta.url, longLocal, longLocal);
            }
            export class Exported {
                #longMember = 1;
                get member() { return this.#longMember; }
            }
            export const later = () => import("./leaf.js").then(longAlias);
        "#;
        let short = module(script).unwrap();
        for name in ["spoken", "shown", "Exported", "member", "later", "import.meta.url"] {
            assert!(short.contains(name), "{name}: {short}");
        }
        for name in ["./names.js", "./worker.js", "./leaf.js"] {
            let quoted = ["\"", "'", "`"].map(|quote| format!("{quote}{name}{quote}"));
            assert!(quoted.iter().any(|quoted| short.contains(quoted)), "{name}: {short}");
        }
        for removed in ["long", "eason", "@param", "\n", "  "] {
            assert!(!short.contains(removed), "{removed}: {short}");
        }
        assert_eq!(short, module(script).unwrap());
    }

    #[test]
    fn syntax_error_names_its_line_and_column() {
        for (script, place) in [("let a;\nlet b = (;", "2:10"), ("let a;\n let a;", "1:5")] {
            let error = module(script).unwrap_err().to_string();
            assert!(error.contains(place), "{error}");
        }
    }
}
