/// A line of a host file, or a value of `--host`: a destination, and what differs from the
/// defaults.
///
/// The forms are those that people know: `8/alice@b` of GNU parallel, `b slots=8` and `b:8` of MPI.
package struct HostLine: Sendable {
  package struct Fault: Sendable {
    package var column: Int
    package var length: Int
    package var code: Diagnostic.Code
    package var message: String
    package var suggestion: String?
  }

  struct Word {
    var text = ""
    /// From 1 on.
    var column: Int
    var length = 0
  }

  /// The host; nil for a line without one, or with faults.
  package private(set) var plan: HostPlan?
  package private(set) var faults: [Fault] = []
  /// Where the destination stands.
  package private(set) var place: (column: Int, length: Int) = (1, 1)

  /// A line of a file.
  package init(_ line: some Sequence<Unicode.Scalar>) {
    let words = words(of: Array(line))
    guard let first = words.first else { return }
    plan = destination(first)
    place = (first.column, first.length)
    var keys: [HostKey: Word] = [:]
    for word in words.dropFirst() { read(word, &keys) }
    if let plan, faults.isEmpty { check(plan, first, keys) }
    if !faults.isEmpty { plan = nil }
  }

  /// A value on the command line, of which a comma separates what an allocation is to have.
  package init(argument: String) {
    let word = Word(text: argument, column: 1, length: argument.unicodeScalars.count)
    place = (1, word.length)
    let prefix = "slurm:"
    guard argument.hasPrefix(prefix) else {
      plan = destination(word)
      if let plan, faults.isEmpty { check(plan, word, [:]) }
      if !faults.isEmpty { plan = nil }
      return
    }
    plan = destination(Word(text: "slurm", column: 1, length: 5))
    var keys: [HostKey: Word] = [:]
    for part in argument.dropFirst(prefix.count).split(separator: ",") {
      read(Word(text: String(part), column: 1, length: word.length), &keys)
    }
    if let plan, faults.isEmpty { check(plan, word, keys) }
    if !faults.isEmpty { plan = nil }
  }

  // MARK: Words

  private mutating func words(of line: [Unicode.Scalar]) -> [Word] {
    var words: [Word] = []
    var word: Word?
    var quote: Int?
    for (index, scalar) in line.enumerated() {
      let isBlank = scalar == " " || scalar == "\t" || scalar == "\r"
      if quote == nil, isBlank || (scalar == "#" && word == nil) {
        if let whole = word { words.append(whole) }
        word = nil
        if isBlank { continue }
        return words
      }
      var present = word ?? Word(column: index + 1)
      present.length += 1
      if scalar == "\"" {
        quote = quote == nil ? index : nil
      } else {
        present.text.unicodeScalars.append(scalar)
      }
      word = present
    }
    if let quote {
      add(.wrongValue, Word(column: quote + 1, length: 1), "this quotation mark is not closed.")
    }
    if let word { words.append(word) }
    return words
  }

  private mutating func add(
    _ code: Diagnostic.Code, _ word: Word, _ message: String, suggestion: String? = nil
  ) {
    faults.append(
      Fault(
        column: word.column, length: max(1, word.length), code: code, message: message,
        suggestion: suggestion))
  }

  // MARK: The destination

  private mutating func destination(_ word: Word) -> HostPlan? {
    var rest = word.text
    var slots: Int?
    if let slash = rest.firstIndex(of: "/"), slash != rest.startIndex,
      rest[..<slash].allSatisfy(\.isNumber)
    {
      slots = HostKey.number(String(rest[..<slash]))
      if slots == nil { add(.wrongValue, word, HostKey.numberExpected("slots")) }
      rest = String(rest[rest.index(after: slash)...])
    }
    guard var plan = host(rest, word) else { return nil }
    plan.slots = plan.slots ?? slots
    return plan
  }

  private mutating func host(_ text: String, _ word: Word) -> HostPlan? {
    let command = "command:"
    if text.hasPrefix(command) {
      let words = text.dropFirst(command.count).split(separator: " ").map(String.init)
      guard !words.isEmpty else {
        add(.wrongValue, word, "a command has words, such as command:\"docker exec -i web\".")
        return nil
      }
      return HostPlan(name: "command", engine: .command(words))
    }
    var rest = text
    var isName = true
    if rest.hasPrefix("ssh:"), !rest.hasPrefix("ssh://") {
      rest = String(rest.dropFirst(4))
      isName = false
    }
    let slots = takeSlots(of: &rest, word)
    if isName {
      // GNU parallel writes a colon for the machine that it runs on.
      if rest == "local" || rest == ":" {
        return with(slots, HostPlan(name: "local", engine: .command([])))
      }
      if rest == "slurm" {
        return with(slots, HostPlan(name: "slurm", engine: .slurm(SlurmPlan())))
      }
    }
    guard !rest.isEmpty, !rest.hasPrefix("-") else {
      add(
        .wrongValue, word,
        "a destination of ssh is expected, such as alice@b, or command:, slurm or local.")
      return nil
    }
    guard !rest.contains("="), !rest.contains(" ") else {
      add(.missingKey, word, "a line begins with the host's destination, such as alice@b.")
      return nil
    }
    return with(
      slots, HostPlan(name: rest.replacing("/", with: ""), engine: .ssh(rest, options: [])))
  }

  private func with(_ slots: Int?, _ plan: HostPlan) -> HostPlan {
    var plan = plan
    plan.slots = slots
    return plan
  }

  /// Takes `:8` off the end of a destination that is no URI, and no address of IPv6.
  private mutating func takeSlots(of text: inout String, _ word: Word) -> Int? {
    guard text != ":", !text.hasPrefix("ssh://"), let colon = text.lastIndex(of: ":"),
      text[..<colon].last == "]" || !text[..<colon].contains(":")
    else { return nil }
    let number = String(text[text.index(after: colon)...])
    let host = text[..<colon]
    text = String(host)
    if let slots = HostKey.number(number) { return slots }
    add(
      .wrongValue, word,
      HostKey.numberExpected("slots") + " A port is written as in ssh://\(host.prefix(60)):2222.")
    return nil
  }

  // MARK: The rest of the line

  private mutating func read(_ word: Word, _ keys: inout [HostKey: Word]) {
    guard let equals = word.text.firstIndex(of: "=") else {
      return add(
        .wrongValue, word,
        "what follows the destination has the form key=value; a value with blanks is in quotes.")
    }
    let (name, value) = (
      String(word.text[..<equals]), String(word.text[word.text.index(after: equals)...])
    )
    guard let key = HostKey(rawValue: name) else {
      let known = HostKey.allCases.map(\.rawValue)
      let nearest = HostKey.synonyms[name] ?? Nearest.word(to: name, among: known)
      return add(
        .unknownKey, word,
        "a host has no '\(name.prefix(60))'"
          + (nearest.map { "; did you mean '\($0)'?" }
            ?? ": there are \(known.joined(separator: ", "))."),
        suggestion: nearest)
    }
    guard keys.updateValue(word, forKey: key) == nil || key == .option else {
      return add(.duplicateKey, word, "'\(name)' stands here twice.")
    }
    guard !value.isEmpty else { return add(.wrongValue, word, "'\(name)' has no value.") }
    guard var plan else { return }
    if key == .slots, plan.slots != nil {
      return add(.exclusiveKeys, word, "the destination says already how many slots there are.")
    }
    do throws(HostKey.Refusal) {
      try key.set(value, in: &plan)
      self.plan = plan
    } catch {
      add(error.code, word, error.message)
    }
  }

  private mutating func check(_ plan: HostPlan, _ word: Word, _ keys: [HostKey: Word]) {
    if !HostKey.isName(plan.name) {
      add(
        .invalidName, word,
        "a host's name has 1 to \(HostKey.longestName) bytes; give this one another: name=…")
    }
    guard case .slurm(let slurm) = plan.engine, let fault = slurm.fault else { return }
    add(fault.code, fault.key.flatMap { keys[$0] } ?? word, fault.message)
  }
}
