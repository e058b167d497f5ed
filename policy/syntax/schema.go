package syntax

import (
	"encoding/json"
	"reflect"
)

// draft is the JSON Schema draft that every TOML editor plugin understands;
// newer keywords would be ignored by some of them without a word.
const draft = "http://json-schema.org/draft-04/schema#"

// schema is the part of JSON Schema draft 4 that the language needs.
type schema struct {
	Draft       string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        string             `json:"type"`
	Format      string             `json:"format,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	MinLength   *int64             `json:"minLength,omitempty"`
	MaxLength   *int64             `json:"maxLength,omitempty"`
	Minimum     *int64             `json:"minimum,omitempty"`
	Maximum     *int64             `json:"maximum,omitempty"`
	MinItems    *int64             `json:"minItems,omitempty"`
	MaxItems    *int64             `json:"maxItems,omitempty"`
	UniqueItems bool               `json:"uniqueItems,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	MaxEntries  *int64             `json:"maxProperties,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Additional  any                `json:"additionalProperties,omitempty"` // false, or a schema
	Required    []string           `json:"required,omitempty"`
}

// Schema is the JSON Schema of the language, made from the same types and tags
// that the reader checks against.
func Schema() ([]byte, error) {
	s := tableSchema(reflect.TypeFor[File]())
	s.Draft = draft
	s.Title = "casemate policy, version 1"
	out, err := json.MarshalIndent(s, "", "  ")
	return append(out, '\n'), err
}

func tableSchema(t reflect.Type) *schema {
	s := &schema{Type: "object", Properties: map[string]*schema{}, Additional: false}
	for _, f := range fields(t) {
		p := valueSchema(t.Field(f.index).Type, f)
		p.Description = f.doc
		s.Properties[f.name] = p
		if f.needed {
			s.Required = append(s.Required, f.name)
		}
	}
	return s
}

// valueSchema mirrors binder.value, kind by kind.
func valueSchema(t reflect.Type, f field) *schema {
	switch {
	case t.Kind() == reflect.Pointer:
		return valueSchema(t.Elem(), f)
	case t.Kind() == reflect.Slice:
		return listSchema(t, f)
	case t.Kind() == reflect.Map:
		return &schema{Type: "object", Additional: valueSchema(t.Elem(), f), MaxEntries: &f.max}
	case t == dateType:
		return &schema{Type: "string", Format: "date"}
	case t.Kind() == reflect.Struct:
		return tableSchema(t)
	case t.Kind() == reflect.Int64:
		return &schema{Type: "integer", Minimum: &f.min, Maximum: &f.max}
	case t.Kind() == reflect.Bool:
		return &schema{Type: "boolean"}
	}
	return stringSchema(f)
}

func listSchema(t reflect.Type, f field) *schema {
	s := &schema{Type: "array", Items: valueSchema(t.Elem(), f), MaxItems: &f.max}
	if f.min > 0 {
		s.MinItems = &f.min
	}
	if isInteger(t) {
		most := int64(maxList)
		s.MinItems, s.MaxItems = nil, &most
	}
	s.UniqueItems = !f.whole && t.Elem().Kind() == reflect.String
	return s
}

func stringSchema(f field) *schema {
	s := &schema{Type: "string", Enum: f.enum}
	if f.enum == nil {
		least, most := int64(1), int64(maxString)
		s.MaxLength = &most
		if !f.emptyOK {
			s.MinLength = &least
		}
	}
	return s
}
