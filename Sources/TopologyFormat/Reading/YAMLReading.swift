internal import Yams

/// Reads the text of a file as values with places, within bounds.
struct YAMLReading {
  static let mostLevels = 64
  private static let tooDeep = "values are nested at most \(mostLevels) levels deep."
  /// How many values there are, those that aliases stand for included.
  static let mostValues = 100_000

  /// The file; without the second of two equal keys, once these have been noted.
  private var file: SourceFile
  private let number: Int
  private var twice = KeysThatStandTwice()
  private var count = 0
  /// The anchors' places of the values being read.
  private var known: [String: Place] = [:]

  /// The value of a file; a failure if it is no YAML, or too much.
  ///
  /// - Parameter duplicates: Gets the keys that stand twice, of which the value has the first.
  static func value(
    of file: SourceFile, number: Int, duplicates: inout [ReadingFailure]
  ) throws(ReadingFailure) -> Value {
    var reading = YAMLReading(file, number)
    defer { duplicates = reading.twice.found }
    return try reading.read()
  }

  private init(_ file: SourceFile, _ number: Int) {
    self.file = file
    self.number = number
  }

  private mutating func read() throws(ReadingFailure) -> Value {
    guard let root = try root() else { return Value(.nothing, at: Place(file: number)) }
    return try convert(root, level: 1)
  }

  private mutating func root() throws(ReadingFailure) -> Node? {
    while true {
      do {
        // Without rules for tags, since the place of a value decides what it is.
        let noRules = Constructor([:], [:], [:])
        return try Parser(
          yaml: file.text, resolver: .basic, constructor: noRules, encoding: .utf8
        ).singleRoot()
      } catch {
        guard case YamlError.duplicatedKeysInMapping(_, let context) = error else {
          throw failure(error)
        }
        let (failure, isFound) = duplicate(at: context.mark)
        guard isFound, let rest = twice.hide(failure, in: file) else { throw failure }
        file = rest
      }
    }
  }

  private mutating func convert(_ node: Node, level: Int) throws(ReadingFailure) -> Value {
    let place = place(node.mark)
    guard level <= Self.mostLevels else {
      throw ReadingFailure(
        code: .tooDeep, place: place, message: Self.tooDeep)
    }
    count += 1
    guard count <= Self.mostValues else {
      throw ReadingFailure(
        code: .tooManyValues, place: place,
        message: "a topology has at most \(Self.mostValues) values, with what aliases stand for.")
    }
    switch node {
    case .scalar(let scalar): return try convert(scalar, at: place)
    case .sequence(let sequence):
      try refuse(sequence.tag, at: place)
      var values: [Value] = []
      for index in sequence.indices {
        values.append(try convert(sequence[index], level: level + 1))
      }
      return Value(.list(values), at: place)
    case .mapping(let mapping):
      try refuse(mapping.tag, at: place)
      return Value(.map(try entries(of: mapping, level: level)), at: place)
    case .alias: return Value(.nothing, at: place)
    }
  }

  private func convert(_ scalar: Node.Scalar, at place: Place) throws(ReadingFailure) -> Value {
    let tag = scalar.tag
    let isText = tag.rawValue.hasSuffix(":str")
    if !isText { try refuse(tag, at: place) }
    let isPlain = scalar.style == .plain && !isText
    if isPlain, Self.isNothing(scalar.string) { return Value(.nothing, at: place) }
    return Value(.scalar(Scalar(scalar.string, isPlain: isPlain)), at: place)
  }

  private static func isNothing(_ text: String) -> Bool {
    switch text {
    case "", "~", "null", "Null", "NULL": true
    default: false
    }
  }

  /// The entries of a map; those of merged maps follow its own.
  private mutating func entries(
    of mapping: Node.Mapping, level: Int
  ) throws(ReadingFailure) -> [Value.Entry] {
    var entries: [Value.Entry] = []
    var merged: [Value.Entry] = []
    entries.reserveCapacity(mapping.count)
    // An iterator over its indices is a type that takes a look through all conformances.
    var index = mapping.startIndex
    while index < mapping.endIndex {
      let (key, node) = mapping[index]
      index += 1
      let place = place(key.mark)
      guard case .scalar(let scalar) = key else {
        throw ReadingFailure(
          code: .wrongType, place: place, message: "a key is text, and no list or map.")
      }
      if twice.hides(scalar.string) { continue }
      let value = try convert(node, level: level + 1)
      if scalar.string == "<<", scalar.style == .plain {
        merged += try mergedEntries(value, at: place)
      } else {
        entries.append(Value.Entry(key: scalar.string, place: place, value: value))
      }
    }
    guard !merged.isEmpty else { return entries }
    var keys = Set(entries.map(\.key))
    for entry in merged where keys.insert(entry.key).inserted { entries.append(entry) }
    return entries
  }

  private func mergedEntries(
    _ value: Value, at place: Place
  ) throws(ReadingFailure) -> [Value.Entry] {
    if let entries = value.entries { return entries }
    if let list = value.list, list.allSatisfy({ $0.entries != nil }) {
      return list.flatMap { $0.entries ?? [] }
    }
    throw ReadingFailure(
      code: .wrongType, place: place, length: 2,
      message: "'<<' takes a map, or a list of maps: write <<: *name.")
  }

  /// The tags that a message names.
  private static let knownTags: Set = [
    "!!int", "!!float", "!!bool", "!!null", "!!binary", "!!timestamp", "!!set", "!!omap", "!!pairs",
    "!include", "!env", "!secret",
  ]

  private func refuse(_ tag: Tag, at place: Place) throws(ReadingFailure) {
    let name = tag.rawValue
    switch name {
    case "", "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map": break
    default:
      // Another one may be a value that begins with '!', and a secret.
      let word = name.replacing("tag:yaml.org,2002:", with: "!!")
      throw ReadingFailure(
        code: .wrongType, place: place,
        message: Self.knownTags.contains(word)
          ? "a tag says nothing here; leave '\(word)' out."
          : "a tag says nothing here; leave it out, or put a text that begins with '!' in quotes.")
    }
  }

  private func place(_ mark: Mark?) -> Place {
    Place(file: number, line: min(mark?.line ?? 1, file.lineCount), column: mark?.column ?? 1)
  }

  // MARK: Failures

  private func failure(_ error: any Error) -> ReadingFailure {
    switch error {
    case YamlError.scanner(let context, let problem, let mark, _),
      YamlError.parser(let context, let problem, let mark, _):
      return failure(problem, context, mark)
    case YamlError.composer(let context, let problem, let mark, _):
      return failure(problem, context, mark)
    default:
      // Its text could be that of the file.
      return ReadingFailure(
        code: .invalidYAML, place: Place(file: number), message: "this is no YAML.")
    }
  }

  private func failure(
    _ problem: String, _ context: YamlError.Context?, _ mark: Mark
  ) -> ReadingFailure {
    var place = place(mark)
    // The end of a file shows nothing; the structure that was begun and not ended does.
    if place.line >= file.lineCount, let context { place = self.place(context.mark) }
    var message = context.map { "\($0.text), \(problem)" } ?? problem
    if problem.contains("Maximum nesting level") {
      return ReadingFailure(code: .tooDeep, place: place, message: Self.tooDeep)
    }
    if message.contains("expected a single document") {
      message = "a second document begins here; a file has one."
    } else if problem.contains("cannot start any token"),
      file.scalars(ofLine: mark.line).dropFirst(mark.column - 1).first == "\t"
    {
      message = "lines are indented by spaces, not by tabs."
    } else if file.line(mark.line).contains("${{") || file.line(place.line).contains("${{") {
      message += ". \"${{ … }}\" has to stand in quotes inside [ ] and { }"
    }
    return ReadingFailure(
      code: .invalidYAML, place: place, message: message.hasSuffix(".") ? message : message + ".")
  }

  /// The second of two equal keys, which is looked up in the text.
  private func duplicate(at mark: Mark) -> (failure: ReadingFailure, isFound: Bool) {
    let first = place(mark)
    let line = file.scalars(ofLine: mark.line).dropFirst(mark.column - 1)
    let key = Self.key(at: line)
    let again = again(key, after: mark)
    let name = String(String.UnicodeScalarView(key))
    var second = again
    second?.file = number
    let failure = ReadingFailure(
      code: .duplicateKey, place: second ?? first, length: max(1, key.count),
      message: "the key \(name.isEmpty ? "" : "'\(name.prefix(60))' ")stands here twice: "
        + "at \(first.line):\(first.column) and at "
        + (second.map { "\($0.line):\($0.column)" } ?? "another place") + ".")
    return (failure, second != nil)
  }

  private func again(_ key: [Unicode.Scalar], after mark: Mark) -> Place? {
    guard !key.isEmpty else { return nil }
    let first = file.scalars(ofLine: mark.line)
    // In the same line of a map in braces.
    var index = mark.column - 1 + key.count
    while index < first.count {
      let rest = first[index...]
      if !Self.isLetter(first[index - 1]), Self.key(at: rest) == key, Self.isKey(rest, key.count) {
        return Place(line: mark.line, column: index + 1)
      }
      index += 1
    }
    for line in (mark.line + 1)..<max(mark.line + 2, file.lineCount + 1) {
      let scalars = file.scalars(ofLine: line)
      let text = scalars.drop { $0 == " " }
      // A line that begins before the key ends the map.
      if let begin = text.first, begin != "#", text.startIndex < mark.column - 1 { return nil }
      let rest = scalars.dropFirst(mark.column - 1)
      if Self.key(at: rest) == key, Self.isKey(rest, key.count) {
        return Place(line: line, column: mark.column)
      }
    }
    return nil
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || scalar.properties.numericType != nil
      || "_-.<".unicodeScalars.contains(scalar)
  }

  private static func key(at scalars: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
    Array(scalars.prefix { isLetter($0) })
  }

  private static func isKey(_ scalars: ArraySlice<Unicode.Scalar>, _ length: Int) -> Bool {
    scalars.dropFirst(length).drop { $0 == " " }.first == ":"
  }
}
