/// A value where it is.
///
/// Generic code copies a value that it passes on, with a reference count for each of its parts; one
/// inside of what cannot be copied it does not. Both have the same layout.
struct Borrowed<Value>: ~Copyable {
  let value: Value
}
