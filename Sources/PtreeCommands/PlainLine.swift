/// A command line that needs no message: words, flags, and options with a value each.
///
/// Commands that scripts start all the time read such a line without the parser of arguments, which
/// looks at all conformances of the program again and again, for some milliseconds. Whatever the
/// parser would refuse, explain or read in another way is no plain line.
struct PlainLine {
  private(set) var words: [String] = []
  private var flags: [String] = []
  private var values: [(option: String, value: String)] = []

  /// Reads what follows the name of a command; nil if it is for the parser.
  ///
  /// - Parameters:
  ///   - flags: The flags that the command has, with their dashes.
  ///   - options: Its options that take a value each.
  init?(_ arguments: ArraySlice<String>, flags: [String], options: [String] = []) {
    var rest = arguments
    while let argument = rest.popFirst() {
      if Self.isValue(argument) {
        words.append(argument)
      } else if flags.contains(argument) {
        self.flags.append(argument)
      } else if options.contains(argument), let value = rest.popFirst(), Self.isValue(value) {
        values.append((argument, value))
      } else {
        return nil
      }
    }
  }

  /// Whether an argument stands for itself; a dash alone is standard input or output.
  private static func isValue(_ argument: String) -> Bool {
    !argument.isEmpty && (argument == "-" || !argument.hasPrefix("-"))
  }

  func has(_ flag: String) -> Bool { flags.contains(flag) }

  /// The values of an option, in their order.
  func all(_ option: String) -> [String] { values.filter { $0.option == option }.map(\.value) }

  /// Hands over what the value of an option stands for, if it is there; false if it stands for
  /// nothing, or there are several.
  func read<Value>(_ option: String, _ make: (String) -> Value?, _ take: (Value) -> Void) -> Bool {
    let given = all(option)
    guard let text = given.first else { return true }
    guard given.count == 1, let value = make(text) else { return false }
    take(value)
    return true
  }
}
