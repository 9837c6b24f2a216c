package steps

// JSON is a decoded value: nil, a bool, a string, a [json.Number], an Object or a List.
type JSON = any

// Object is a decoded object.
type Object = map[string]JSON

// List is a decoded array.
type List = []JSON
