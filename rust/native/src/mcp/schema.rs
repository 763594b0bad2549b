//! Validation of arguments against the input schema of their tool.
//!
//! It supports exactly the JSON Schema keywords that the definitions use; a test rejects a definition with any
//! other, so that clients read what is validated. An error names the argument, its value and what is allowed.

use serde_json::{Map, Value};

use super::frames::whole_characters;
use super::pattern::{class, is_in};
use super::suggestion::suggestion;

type Object = Map<String, Value>;

/// The keywords that are validated, and those that only describe.
#[cfg(test)]
const KEYWORDS: [&str; 16] = [
    "type",
    "enum",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "items",
    "minItems",
    "maxItems",
    "properties",
    "required",
    "additionalProperties",
    "default",
    "title",
    "description",
];

/// Maximum length of a value in an error, in characters.
const SHOWN: usize = 60;

/// Validate `arguments` and fill in the defaults of the schema.
///
/// Values that are quoted as JSON in a string are unquoted first; see `unquote`.
pub fn check_arguments(arguments: &mut Object, schema: &Object) -> Result<(), String> {
    unquote_members(arguments, schema);
    check_object("", arguments, schema)?;
    for (name, property) in properties(schema) {
        let Some(value) = arguments.get_mut(name) else {
            if let Some(default) = property.get("default") {
                arguments.insert(name.clone(), default.clone());
            }
            continue;
        };
        if property.get("type").is_some_and(|kind| kind == "integer")
            && let Some(whole) = whole(value)
        {
            *value = whole;
        }
    }
    Ok(())
}

/// Replace a string that contains JSON by its value, where the schema expects that type and not a string.
///
/// Clients sometimes quote arrays, objects, numbers and booleans, and models repeat what worked. The string must
/// contain exactly one value of exactly the expected type, apart from surrounding blanks; otherwise it stays, and
/// validation reports the error. Array items and typed members are handled likewise.
fn unquote(value: &mut Value, schema: &Object) {
    let wanted = schema.get("type").and_then(Value::as_str);
    if let Value::String(text) = value {
        let held = serde_json::from_str::<Value>(&whole_characters(text.trim().as_bytes()));
        match (wanted, held) {
            (Some("array"), Ok(held @ Value::Array(_)))
            | (Some("object"), Ok(held @ Value::Object(_)))
            | (Some("number"), Ok(held @ Value::Number(_)))
            | (Some("boolean"), Ok(held @ Value::Bool(_))) => *value = held,
            (Some("integer"), Ok(Value::Number(number))) if is_whole(&number) => {
                *value = Value::Number(number);
            }
            _ => return,
        }
    }
    match value {
        Value::Object(object) => unquote_members(object, schema),
        Value::Array(items) => {
            if let Some(of) = schema.get("items").and_then(Value::as_object) {
                for item in items {
                    unquote(item, of);
                }
            }
        }
        _ => {}
    }
}

fn unquote_members(object: &mut Object, schema: &Object) {
    for (name, property) in properties(schema) {
        if let Some(value) = object.get_mut(name) {
            unquote(value, property);
        }
    }
}

/// The integer equal to a number such as 3.0; `None` for a number written as an integer.
fn whole(value: &Value) -> Option<Value> {
    if !value.is_f64() {
        return None;
    }
    // By its decimal digits, since every cast from a float can go wrong.
    serde_json::from_str(&format!("{:.0}", value.as_f64()?)).ok()
}

fn properties(schema: &Object) -> impl Iterator<Item = (&String, &Object)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .filter_map(|(name, property)| Some((name, property.as_object()?)))
}

fn check(path: &str, value: &Value, schema: &Object) -> Result<(), String> {
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        let suggestion = suggestion(
            value.as_str().unwrap_or_default(),
            allowed.iter().filter_map(Value::as_str),
        );
        let words: Vec<String> = allowed.iter().map(Value::to_string).collect();
        return Err(read(
            path,
            value,
            &format!("one of {}{suggestion}", words.join(", ")),
        ));
    }
    match (schema.get("type").and_then(Value::as_str), value) {
        (Some("string"), Value::String(text)) => check_string(path, text, schema),
        (Some("integer"), Value::Number(number)) if is_whole(number) => {
            check_number(path, value, schema)
        }
        (Some("number"), Value::Number(_)) => check_number(path, value, schema),
        (Some("array"), Value::Array(items)) => check_array(path, items, schema),
        (Some("object"), Value::Object(object)) => check_object(path, object, schema),
        (Some("boolean"), Value::Bool(_)) | (None, _) => Ok(()),
        (Some("integer"), _) => Err(read(path, value, "a whole number")),
        (Some(kind), _) => {
            let article = if matches!(kind, "array" | "object") {
                "an"
            } else {
                "a"
            };
            Err(read(path, value, &format!("{article} {kind}")))
        }
    }
}

fn check_object(path: &str, object: &Object, schema: &Object) -> Result<(), String> {
    let at = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        let known = || properties(schema).map(|(name, _)| name.as_str());
        if let Some(unknown) = object
            .keys()
            .find(|name| known().all(|other| other != *name))
        {
            let suggestion = suggestion(unknown, known());
            let all: Vec<&str> = known().collect();
            let all = if all.is_empty() {
                "none".to_owned()
            } else {
                all.join(", ")
            };
            return Err(format!(
                "{}: unknown argument{suggestion} (known: {all})",
                at(unknown)
            ));
        }
    }
    let required = schema.get("required").and_then(Value::as_array);
    for name in required.into_iter().flatten().filter_map(Value::as_str) {
        if !object.contains_key(name) {
            return Err(format!("{}: required, but missing", at(name)));
        }
    }
    for (name, property) in properties(schema) {
        if let Some(value) = object.get(name) {
            check(&at(name), value, property)?;
        }
    }
    Ok(())
}

fn check_array(path: &str, items: &[Value], schema: &Object) -> Result<(), String> {
    let limit = |keyword| schema.get(keyword).and_then(Value::as_u64);
    let count = items.len() as u64;
    if let Some(most) = limit("maxItems").filter(|most| count > *most) {
        return Err(format!(
            "{path}: read {count} items; allowed are at most {most}"
        ));
    }
    if let Some(least) = limit("minItems").filter(|least| count < *least) {
        return Err(format!(
            "{path}: read {count} items; allowed are at least {least}"
        ));
    }
    if let Some(of) = schema.get("items").and_then(Value::as_object) {
        for (index, item) in items.iter().enumerate() {
            check(&format!("{path}[{index}]"), item, of)?;
        }
    }
    Ok(())
}

fn check_string(path: &str, text: &str, schema: &Object) -> Result<(), String> {
    let limit = |keyword| schema.get(keyword).and_then(Value::as_u64);
    let count = text.chars().count() as u64;
    if let Some(most) = limit("maxLength").filter(|most| count > *most) {
        return Err(format!(
            "{path}: read {count} characters; allowed are at most {most}"
        ));
    }
    if let Some(least) = limit("minLength").filter(|least| count < *least) {
        return Err(format!(
            "{path}: read {count} characters; allowed are at least {least}"
        ));
    }
    let class = schema
        .get("pattern")
        .and_then(Value::as_str)
        .and_then(class);
    if let Some(class) = class.filter(|class| !text.chars().all(|one| is_in(class, one))) {
        return Err(read(
            path,
            &text.into(),
            &format!("characters of [{class}]"),
        ));
    }
    Ok(())
}

fn check_number(path: &str, value: &Value, schema: &Object) -> Result<(), String> {
    let number = value.as_f64().unwrap_or(f64::NAN);
    let limit = |keyword| schema.get(keyword).filter(|limit| limit.is_number());
    if let Some(most) =
        limit("maximum").filter(|most| most.as_f64().is_some_and(|most| number > most))
    {
        return Err(read(path, value, &format!("at most {most}")));
    }
    if let Some(least) =
        limit("minimum").filter(|least| least.as_f64().is_some_and(|least| number < least))
    {
        return Err(read(path, value, &format!("at least {least}")));
    }
    Ok(())
}

/// JSON Schema counts 3.0 as an integer.
fn is_whole(number: &serde_json::Number) -> bool {
    number.is_i64()
        || number.is_u64()
        || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn read(path: &str, value: &Value, allowed: &str) -> String {
    let mut shown: String = value.to_string();
    if let Some((cut, _)) = shown.char_indices().nth(SHOWN) {
        shown.truncate(cut);
        shown.push('…');
    }
    format!("{path}: read {shown}; allowed is {allowed}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn verdict(schema: &Value, mut arguments: Value) -> Result<Value, String> {
        let schema = schema.as_object().unwrap();
        check_arguments(arguments.as_object_mut().unwrap(), schema).map(|()| arguments)
    }

    #[test]
    fn every_error_names_the_argument_what_was_read_and_what_is_allowed() {
        let schema = json!({"type": "object", "additionalProperties": false, "required": ["title"],
            "properties": {
                "title": {"type": "string", "minLength": 1, "maxLength": 3},
                "kind": {"type": "string", "pattern": "^[a-z0-9_]+$"},
                "limit": {"type": "integer", "minimum": 1, "maximum": 100},
                "share": {"type": "number", "minimum": 0},
                "level": {"type": "string", "enum": ["low", "high"]},
                "options": {"type": "array", "minItems": 1, "maxItems": 2,
                    "items": {"type": "string", "maxLength": 2}},
                "data": {"type": "object", "properties": {"deep": {"type": "boolean"}}}}});
        let table = [
            (json!({}), "title: required, but missing"),
            (
                json!({"title": ""}),
                "title: read 0 characters; allowed are at least 1",
            ),
            (
                json!({"title": "éééé"}),
                "title: read 4 characters; allowed are at most 3",
            ),
            (json!({"title": 5}), "title: read 5; allowed is a string"),
            (
                json!({"title": null}),
                "title: read null; allowed is a string",
            ),
            (
                json!({"title": "a", "kind": "No"}),
                "kind: read \"No\"; allowed is characters of [a-z0-9_]",
            ),
            (
                json!({"title": "a", "limit": 0}),
                "limit: read 0; allowed is at least 1",
            ),
            (
                json!({"title": "a", "limit": 101}),
                "limit: read 101; allowed is at most 100",
            ),
            (
                json!({"title": "a", "limit": 1.5}),
                "limit: read 1.5; allowed is a whole number",
            ),
            (
                json!({"title": "a", "limit": "five"}),
                "limit: read \"five\"; allowed is a whole number",
            ),
            (
                json!({"title": "a", "share": -0.5}),
                "share: read -0.5; allowed is at least 0",
            ),
            (
                json!({"title": "a", "level": "hihg"}),
                "level: read \"hihg\"; allowed is one of \"low\", \"high\"; did you mean \"high\"?",
            ),
            (
                json!({"title": "a", "options": []}),
                "options: read 0 items; allowed are at least 1",
            ),
            (
                json!({"title": "a", "options": ["a", "b", "c"]}),
                "options: read 3 items; allowed are at most 2",
            ),
            (
                json!({"title": "a", "options": ["a", "bcd"]}),
                "options[1]: read 3 characters; allowed are at most 2",
            ),
            (
                json!({"title": "a", "options": "a"}),
                "options: read \"a\"; allowed is an array",
            ),
            (
                json!({"title": "a", "data": {"deep": 1}}),
                "data.deep: read 1; allowed is a boolean",
            ),
            (
                json!({"title": "a", "limits": 1}),
                "limits: unknown argument; did you mean \"limit\"? \
                 (known: title, kind, limit, share, level, options, data)",
            ),
        ];
        for (arguments, sentence) in table {
            assert_eq!(verdict(&schema, arguments), Err(sentence.to_owned()));
        }
        let good = json!({"title": "日本語", "kind": "a_1", "limit": 3, "share": 0, "level": "low",
            "options": ["a"], "data": {"deep": true, "other": [1]}});
        assert_eq!(verdict(&schema, good.clone()), Ok(good.clone()));
        let mut as_float = good.clone();
        as_float["limit"] = json!(3.0);
        assert_eq!(verdict(&schema, as_float), Ok(good));
    }

    fn quoting() -> Value {
        json!({"type": "object", "properties": {
            "text": {"type": "string"},
            "limit": {"type": "integer", "maximum": 9},
            "share": {"type": "number"},
            "sure": {"type": "boolean"},
            "level": {"type": "string", "enum": ["5", "true"]},
            "options": {"type": "array", "items": {"type": "string"}},
            "counts": {"type": "array", "items": {"type": "integer"}},
            "data": {"type": "object", "properties": {"deep": {"type": "boolean"}}}}})
    }

    #[test]
    fn json_in_a_string_is_taken_where_no_text_is_wanted() {
        let table = [
            (json!({"limit": "5"}), json!({"limit": 5})),
            (json!({"limit": " 5\n"}), json!({"limit": 5})),
            (json!({"limit": "5.0"}), json!({"limit": 5})),
            (json!({"share": "-0.5"}), json!({"share": -0.5})),
            (json!({"sure": "true"}), json!({"sure": true})),
            (
                json!({"options": "[\"Yes\",\"5\"]"}),
                json!({"options": ["Yes", "5"]}),
            ),
            (
                json!({"options": "[\"a \\ud83d\"]"}),
                json!({"options": ["a \u{FFFD}"]}),
            ),
            (json!({"counts": ["1", 2]}), json!({"counts": [1, 2]})),
            (json!({"counts": "[\"1\"]"}), json!({"counts": [1]})),
            (
                json!({"data": "{\"deep\":\"false\",\"other\":\"5\"}"}),
                json!({"data": {"deep": false, "other": "5"}}),
            ),
        ];
        for (quoted, plain) in table {
            assert_eq!(verdict(&quoting(), quoted), Ok(plain));
        }
    }

    #[test]
    fn a_string_that_is_not_exactly_the_value_is_refused() {
        let table = [
            json!({"limit": "5 6"}),
            json!({"limit": "5,"}),
            json!({"limit": "1.5"}),
            json!({"limit": "10"}),
            json!({"limit": "\"5\""}),
            json!({"limit": "null"}),
            json!({"limit": ""}),
            json!({"share": "NaN"}),
            json!({"share": "1e999"}),
            json!({"sure": "yes"}),
            json!({"sure": "1"}),
            json!({"options": "Yes, No"}),
            json!({"options": "{}"}),
            json!({"data": "[]"}),
        ];
        for arguments in table {
            assert!(
                verdict(&quoting(), arguments.clone()).is_err(),
                "{arguments}"
            );
        }
    }

    /// Values that `schema` allows.
    fn fitting(schema: &Value) -> BoxedStrategy<Value> {
        if let Some(allowed) = schema["enum"].as_array() {
            return prop::sample::select(allowed.clone()).boxed();
        }
        let size = |keyword: &str, other| {
            let size = schema[keyword].as_u64().unwrap_or(other);
            usize::try_from(size.min(12)).unwrap()
        };
        let bound = |keyword: &str, other: i64| schema[keyword].as_i64().unwrap_or(other);
        match schema["type"].as_str() {
            Some("string") if schema.get("pattern").is_some() => {
                "[a-z]{1,9}".prop_map(Value::from).boxed()
            }
            Some("string") => {
                let any = prop::collection::vec(
                    any::<char>(),
                    size("minLength", 0)..=size("maxLength", 12),
                );
                // Texts that are JSON are texts.
                let json = prop::sample::select(vec![
                    "5",
                    "[]",
                    "{}",
                    "true",
                    " 1 ",
                    "\"x\"",
                    "[\"Yes\"]",
                ]);
                prop_oneof![
                    any.prop_map(|text| Value::from(String::from_iter(text))),
                    json.prop_map(Value::from)
                ]
                .boxed()
            }
            Some("integer") => (bound("minimum", -99)..=bound("maximum", 99))
                .prop_map(Value::from)
                .boxed(),
            Some("number") => (bound("minimum", -99)..=bound("maximum", 99))
                .prop_flat_map(|whole| {
                    prop_oneof![
                        Just(Value::from(whole)),
                        Just(json!(whole.cast_unsigned() % 90))
                    ]
                })
                .boxed(),
            Some("boolean") => any::<bool>().prop_map(Value::from).boxed(),
            Some("array") => prop::collection::vec(
                fitting(&schema["items"]),
                size("minItems", 0)..=size("maxItems", 5),
            )
            .prop_map(Value::from)
            .boxed(),
            _ => {
                let members = schema["properties"]
                    .as_object()
                    .cloned()
                    .unwrap_or_default();
                let required = schema["required"].as_array().cloned().unwrap_or_default();
                members
                    .into_iter()
                    .map(|(name, property)| {
                        let needed = required.contains(&Value::from(name.as_str()));
                        let value = fitting(&property);
                        (
                            Just(name),
                            if needed {
                                value.prop_map(Some).boxed()
                            } else {
                                prop::option::of(value).boxed()
                            },
                        )
                    })
                    .collect::<Vec<_>>()
                    .prop_map(|members| {
                        let given = members
                            .into_iter()
                            .filter_map(|(name, value)| Some((name, value?)));
                        Value::Object(given.collect())
                    })
                    .boxed()
            }
        }
    }

    /// Put all that is no text into strings.
    fn quoted(value: &Value) -> Value {
        match value {
            Value::String(_) => value.clone(),
            other => Value::String(format!(" {other}\n")),
        }
    }

    #[test]
    fn quoted_arguments_of_every_tool_make_the_same_call_and_texts_are_never_changed() {
        for tool in super::super::tools::definitions().unwrap() {
            let schema = Value::Object(tool.input_schema.as_ref().clone());
            proptest!(ProptestConfig::with_cases(64), |(plain in fitting(&schema))| {
                let members = plain.as_object().unwrap().iter();
                let quoted = members.map(|(name, value)| (name.clone(), quoted(value)));
                let quoted = verdict(&schema, Value::Object(quoted.collect()));
                let call = verdict(&schema, plain.clone());
                prop_assert_eq!(&quoted, &call);
                if let Ok(call) = call {
                    for (name, value) in plain.as_object().unwrap() {
                        prop_assert_eq!(&call[name], value);
                    }
                }
            });
        }
    }

    #[test]
    fn a_long_value_is_not_repeated_whole() {
        let schema = json!({"properties": {"a": {"type": "integer"}}});
        let sentence = verdict(&schema, json!({"a": "x".repeat(5000)})).unwrap_err();
        assert!(sentence.len() < 120, "{sentence}");
    }

    #[test]
    fn defaults_are_put_in_only_where_nothing_was_given() {
        let schema = json!({"properties": {"limit": {"type": "integer", "default": 10}}});
        assert_eq!(verdict(&schema, json!({})), Ok(json!({"limit": 10})));
        assert_eq!(
            verdict(&schema, json!({"limit": 3})),
            Ok(json!({"limit": 3}))
        );
    }

    #[test]
    fn every_keyword_of_the_definitions_is_one_that_is_checked() {
        fn keywords(schema: &Value, at: &str) {
            for (keyword, value) in schema.as_object().unwrap() {
                assert!(KEYWORDS.contains(&keyword.as_str()), "{at}: {keyword}");
                match keyword.as_str() {
                    "properties" => {
                        for (name, property) in value.as_object().unwrap() {
                            keywords(property, &format!("{at}.{name}"));
                        }
                    }
                    "items" => keywords(value, &format!("{at}[]")),
                    "type" => assert!(value.is_string(), "{at}: one type"),
                    "pattern" => assert!(class(value.as_str().unwrap()).is_some(), "{at}: {value}"),
                    "additionalProperties" => assert!(value.is_boolean(), "{at}: {value}"),
                    _ => {}
                }
            }
        }
        for tool in super::super::tools::definitions().unwrap() {
            let schema = Value::Object(tool.input_schema.as_ref().clone());
            keywords(&schema, &tool.name);
            assert_eq!(schema["additionalProperties"], false, "{}", tool.name);
            let mut defaults = Object::new();
            for (name, property) in properties(&tool.input_schema) {
                if let Some(default) = property.get("default") {
                    assert_eq!(check(name, default, property), Ok(()), "{}", tool.name);
                    defaults.insert(name.clone(), default.clone());
                }
            }
        }
    }
}
