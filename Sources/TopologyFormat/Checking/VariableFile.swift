/// A file that gives variables their values: a map of names and texts.
package enum VariableFile {
  /// The values of a file.
  ///
  /// - Throws: A message for people.
  package static func values(of path: String) throws(Refusal) -> [(name: String, value: String)] {
    let files = FileSet()
    switch files.read(path).value {
    case .failure(let failure):
      throw Refusal("\(path):\(failure.place.line):\(failure.place.column): \(failure.message)")
    case .success(let value):
      guard let entries = value.entries else {
        throw Refusal("\(path) has to be a map of variables and their values.")
      }
      var values: [(name: String, value: String)] = []
      for entry in entries {
        guard let text = entry.value.text else {
          throw Refusal(
            "\(path):\(entry.place.line):\(entry.place.column): the value of '\(entry.key)' is text."
          )
        }
        values.append((entry.key, text))
      }
      return values
    }
  }

  /// Why a file gives no values.
  package struct Refusal: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
  }
}
