/// An option for the command that reaches a host: one option, with its value if it has one.
///
/// A word that is neither would be taken for the destination, or for the command to run.
struct EngineOption {
  /// The letters of options with a value.
  private let valued: Set<Character>
  private let example: String

  static let ssh = Self(valued: "BbcDEeFIiJLlmOoPpQRSWw", example: "-o ProxyJump=gate")
  static let salloc = Self(valued: "AbBcCdDFGJLmMnNpqStTwx", example: "--account=physics")

  private init(valued: String, example: String) {
    self.valued = Set(valued)
    self.example = example
  }

  /// The option, and its value as one word, blanks included.
  func words(of text: String) throws(HostKey.Refusal) -> [String] {
    let option = String(text.prefix { $0 != " " })
    let value = String(text.dropFirst(option.count).drop { $0 == " " })
    guard option.hasPrefix("-"), option != "-", option != "--" else {
      throw HostKey.Refusal(message: "an option begins with '-', such as \"\(example)\".")
    }
    let takesValue: Bool
    if option.hasPrefix("--") {
      // Whether a long option has a value is known by its equals sign alone.
      if option.contains("=") { return [text] }
      takesValue = false
    } else if let letter = option.dropFirst().firstIndex(where: valued.contains) {
      if option.index(after: letter) != option.endIndex { return [text] }
      takesValue = true
    } else {
      takesValue = false
    }
    guard takesValue || value.isEmpty else {
      throw HostKey.Refusal(
        message: "'\(value.prefix(60))' is no value of \(option.prefix(60)): one option= has one "
          + "option, such as \"\(example)\".")
    }
    guard !takesValue || !value.isEmpty else {
      throw HostKey.Refusal(message: "\(option) needs a value, such as in \"\(example)\".")
    }
    // The value of ProxyCommand and its like has options of its own.
    let key = value.prefix { $0 != "=" && $0 != " " }.lowercased()
    if !key.hasSuffix("command"),
      let next = value.split(separator: " ").first(where: { $0.hasPrefix("-") })
    {
      throw HostKey.Refusal(
        message: "one option= has one option: write option=\"\(next.prefix(60))…\" beside it.")
    }
    return takesValue ? [option, value] : [option]
  }
}
