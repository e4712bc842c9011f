internal import ProcessTree
internal import ProcessTreeTopologyFormat

/// Reads the arguments of one program from the values of a file, as its type asks for them.
///
/// The same walk serves a check, which collects all that is wrong and goes on with stand-ins, and a
/// run. Used by one task.
final class ArgumentReading {
  /// What a program's process knows beside the file; nil in a check.
  struct Place {
    let instance: Int
    let context: RunContext
    let ends: ProgramEnds
  }

  /// A value that the type asked for cannot be made, which has been reported.
  struct Abandoned: Error {}

  /// A key that the type asked for at the top, for lists of programs.
  struct Asked {
    let name: String
    let type: String
    let isOptional: Bool
  }

  /// The name of the program, or of the stage.
  let subject: String
  private let place: Place?
  private(set) var checked = CheckedArguments()
  private(set) var asked: [Asked] = []

  init(_ subject: String, at place: Place? = nil) {
    self.subject = subject
    self.place = place
  }

  /// Reads a value of a type; nil if something is wrong, which is among the diagnostics.
  func read<Whole: Decodable>(_ type: Whole.Type, from arguments: Value?) -> Whole? {
    let whole = try? decode(type, from: arguments, at: [])
    return checked.diagnostics.errorCount == 0 ? whole : nil
  }

  // MARK: Messages

  func report(
    _ code: Diagnostic.Code = .wrongArgument, at place: ProcessTreeTopologyFormat.Place,
    length: Int = 1, _ message: String, suggestion: String? = nil
  ) {
    checked.diagnostics.error(
      code, at: place, length: length, message, suggestion: suggestion)
  }

  /// What stands at a path, in messages.
  func name(_ path: [String]) -> String {
    path.isEmpty
      ? "\(subject)'s map of arguments" : "'\(path.joined(separator: "."))' of \(subject)"
  }

  func wrong(_ value: Value, _ path: [String], _ wanted: String) {
    report(
      at: value.place, length: value.length,
      "\(name(path)) is \(wanted); here is \(value.kindInWords).")
  }

  // MARK: Values

  /// Reads a value; without one, a stand-in of the type, about which nothing is reported.
  func decode<Whole: Decodable>(
    _ type: Whole.Type, from value: Value?, at path: [String]
  ) throws -> Whole {
    if let end = type as? any NamedEnd.Type { return try cast(self.end(end, value, path)) }
    if let scalar = type as? any ScalarArgument.Type {
      return try cast(self.scalar(scalar, value, path))
    }
    if type == [UInt8].self, let text = value.flatMap(text)?.constant {
      return try cast(Array(text.utf8))
    }
    guard let value else { return try standIn(type, path) }
    let decoder = ArgumentDecoder(value, path, self)
    do {
      let whole = try Whole(from: decoder)
      decoder.keys.reportUnknown(in: value, path, self, isComplete: true)
      return whole
    } catch let error as DecodingError {
      decoder.keys.reportUnknown(in: value, path, self, isComplete: false)
      refuse(value, path, type, error)
      return try standIn(type, path)
    } catch {
      decoder.keys.reportUnknown(in: value, path, self, isComplete: false)
      throw error
    }
  }

  private func cast<Whole>(_ value: Any) throws -> Whole {
    guard let value = value as? Whole else { throw Abandoned() }
    return value
  }

  private func standIn<Whole: Decodable>(_ type: Whole.Type, _ path: [String]) throws -> Whole {
    if let type = type as? any CaseIterable.Type, let first = Self.first(of: type) {
      return try cast(first)
    }
    do {
      return try Whole(from: ArgumentDecoder(nil, path, self))
    } catch {
      throw Abandoned()
    }
  }

  private static func first<Cases: CaseIterable>(of type: Cases.Type) -> Any? {
    Cases.allCases.first
  }

  /// A scalar whose text is known, in a check as it would be for the first instance.
  func text(_ value: Value) -> Scalar? {
    guard let scalar = value.scalar, !scalar.isUnknown else { return nil }
    let context = place?.context
    return Scalar(
      scalar.resolved(
        instance: place?.instance ?? 1, run: context?.run ?? "run",
        scratch: context?.scratch ?? "/"), isPlain: scalar.isPlain)
  }

  private func scalar<Whole: ScalarArgument>(
    _ type: Whole.Type, _ value: Value?, _ path: [String]
  ) -> Whole {
    guard let value, value.scalar?.isUnknown != true else { return Whole.standIn }
    guard let scalar = text(value) else {
      wrong(value, path, Whole.wanted)
      return Whole.standIn
    }
    if let read = Whole.value(of: scalar) { return read }
    let isTimeWithoutUnit = type == Duration.self && scalar.number != nil
    let unit = isTimeWithoutUnit ? " (write \(scalar)s, \(scalar)m or \(scalar)ms)" : ""
    wrong(value, path, Whole.wanted + unit)
    return Whole.standIn
  }

  private func refuse(
    _ value: Value, _ path: [String], _ type: any Any.Type, _ error: DecodingError
  ) {
    if let cases = type as? any CaseIterable.Type {
      let words = Self.words(of: cases)
      let nearest = value.text.flatMap { Nearest.word(to: $0, among: words) }
      let hint = nearest.map { " (did you mean '\($0)'?)" } ?? ""
      return wrong(value, path, words.map { "'\($0)'" }.joined(separator: ", ") + hint)
    }
    let reason =
      switch error {
      case .typeMismatch(_, let context), .valueNotFound(_, let context),
        .keyNotFound(_, let context), .dataCorrupted(let context):
        context.debugDescription
      @unknown default: "\(error)"
      }
    report(
      at: value.place, length: value.length,
      "\(name(path)) is no \(TypeWords.normal("\(type)")): \(reason)")
  }

  private static func words<Cases: CaseIterable>(of type: Cases.Type) -> [String] {
    type.allCases.map { ($0 as? any RawRepresentable).map { "\($0.rawValue)" } ?? "\($0)" }
  }

  // MARK: Ends of channels

  private func end<End: NamedEnd>(
    _ type: End.Type, _ value: Value?, _ path: [String]
  ) throws -> End {
    guard let value else { return End(nil) }
    let verb = End.verb
    guard let entry = value.entries?.first, value.entries?.count == 1, entry.key == verb.rawValue,
      let channel = entry.value.text
    else {
      let words = End.elementTypes.map { TypeWords.normal("\($0)") }.joined(separator: " → ")
      wrong(value, path, "an end of a channel of \(words): write {\(verb.rawValue): NAME}")
      return End(nil)
    }
    let plan = EndPlan(channel: channel, isSending: verb.isSending)
    checked.ends.append(
      CheckedEnd(
        end: plan, verb: verb.rawValue,
        elements: End.elementTypes.map { TypeWords.normal("\($0)") }, place: entry.value.place))
    guard let place else { return End(nil) }
    guard let end = place.ends[plan] else {
      report(at: entry.value.place, "there is no channel '\(channel)' here")
      throw Abandoned()
    }
    return End(end)
  }

  /// Notes a key that the type of all arguments asks for.
  func note(_ key: String, _ type: any Any.Type, isOptional: Bool, at path: [String]) {
    guard path.isEmpty, !asked.contains(where: { $0.name == key }) else { return }
    asked.append(Asked(name: key, type: TypeWords.normal("\(type)"), isOptional: isOptional))
  }
}

extension Value {
  /// How many columns it spans on its line.
  var length: Int {
    guard let text, !text.contains(where: \.isNewline) else { return 1 }
    return max(1, text.unicodeScalars.count + (scalar?.isPlain == true ? 0 : 2))
  }
}
