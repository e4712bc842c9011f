/// Compares the programs that a file names with those of the app that reads it.
extension TopologyBuilder {
  mutating func program(_ value: Value, _ entry: Value.Entry) -> ProgramPlan {
    let named = value["program"] ?? entry.value
    let name = named.text ?? ""
    let arguments = value["arguments"] ?? Value(.map([]), at: named.place)
    var plan = ProgramPlan(name: name, arguments: arguments)
    guard let catalog = appCatalog(at: named) else {
      // For the picture of the file.
      plan.ends = apparentEnds(arguments)
      return plan
    }
    guard catalog.programNames.contains(name) else {
      let isStage = catalog.stageNames.contains(name)
      reportUnknown(named, "program", catalog.programNames, isOther: isStage ? "a stage" : nil)
      return plan
    }
    let checked = catalog.check(program: name, arguments)
    for diagnostic in checked.diagnostics.all { reader.diagnostics.add(diagnostic) }
    for end in checked.ends where note(end, of: entry) { plan.ends.insert(end.end) }
    if checked.diagnostics.errorCount > 0 {
      // The misunderstood value may be the end that seems to be missing.
      for level in scopes.indices { scopes[level].isUncertain = true }
    }
    return plan
  }

  /// What looks like ends of channels, for a reader that does not know the types.
  private mutating func apparentEnds(_ value: Value) -> Set<EndPlan> {
    let verbs = ["send": true, "call": true, "receive": false, "serve": false]
    if let entry = value.entries?.first, value.entries?.count == 1, let channel = entry.value.text,
      let isSending = verbs[entry.key],
      let level = scopes.lastIndex(where: { $0.channels[channel] != nil })
    {
      let end = EndPlan(channel: channel, isSending: isSending)
      for inner in scopes.indices where inner > level { scopes[inner].outer.insert(end) }
      return [end]
    }
    let inner = (value.entries ?? []).map(\.value) + (value.list ?? [])
    return inner.reduce(into: []) { $0.formUnion(apparentEnds($1)) }
  }

  /// The app's programs; nil, with an error unless the file names an app, for a reader that has
  /// none.
  mutating func appCatalog(at value: Value) -> (any ProgramCatalog)? {
    if let catalog = reader.options.catalog { return catalog }
    if reader.app == nil {
      reader.diagnostics.error(
        .missingApp, at: value.place, length: max(1, value.text?.count ?? 1),
        "'program' needs 'app: PATH' at the top of the file: the executable that has it.")
    }
    return nil
  }

  mutating func reportUnknown(
    _ value: Value, _ kind: String, _ names: [String], isOther: String? = nil
  ) {
    let name = value.text ?? ""
    let nearest = Nearest.word(to: name, among: names)
    let known =
      names.isEmpty ? "has none" : "has \(ShapeChecker.list(names.sorted().prefix(12).map { $0 }))"
    let hint =
      isOther.map { ": it is \($0)." } ?? nearest.map { "; did you mean '\($0)'?" }
      ?? "; it \(known)."
    reader.diagnostics.error(
      kind == "stage" ? .unknownStage : .unknownProgram, at: value.place,
      length: max(1, name.count), "the app has no \(kind) '\(name.prefix(60))'" + hint,
      suggestion: nearest)
  }
}

extension TopologyBuilder {
  /// The channels of one group during the check, with who has ends of them.
  struct ChannelScope {
    /// A node that has an end.
    struct Holder {
      var node: Value.Entry
      var end: CheckedEnd
    }

    var channels: [String: (plan: ChannelPlan, entry: Value.Entry)] = [:]
    var holders: [String: [Holder]] = [:]
    /// Ends of channels of outer groups.
    var outer: Set<EndPlan> = []
    /// Whether arguments of a node are wrong, so that ends may be missing.
    var isUncertain = false
  }

  /// Finds the channel of an end in the group of its node or in one around it; false if there is
  /// none.
  mutating func note(_ end: CheckedEnd, of node: Value.Entry) -> Bool {
    let name = end.end.channel
    guard let level = scopes.lastIndex(where: { $0.channels[name] != nil }) else {
      let names = scopes.flatMap(\.channels.keys).sorted()
      let nearest = Nearest.word(to: name, among: names)
      reader.diagnostics.error(
        .unknownChannel, at: end.place, length: max(1, name.count),
        "there is no channel '\(name.prefix(60))'"
          + (nearest.map { "; did you mean '\($0)'?" }
            ?? "; 'channels' of this group, or of one around it, declares them."),
        suggestion: nearest)
      return false
    }
    scopes[level].holders[name, default: []].append(.init(node: node, end: end))
    for inner in scopes.indices where inner > level { scopes[inner].outer.insert(end.end) }
    return true
  }

  /// Checks that the ends of each channel of a group fit it and each other.
  mutating func checkChannels(_ scope: ChannelScope) {
    for (name, (plan, entry)) in scope.channels.sorted(by: {
      $0.value.entry.place < $1.value.entry.place
    }) {
      let holders = scope.holders[name] ?? []
      checkShape(plan, entry)
      for holder in holders { checkElements(holder.end, plan, entry.value) }
      // Programs that nobody could check may have the ends.
      guard reader.options.catalog != nil, !scope.isUncertain else { continue }
      let missing = [true, false].filter { side in
        !holders.contains { $0.end.end.isSending == side }
      }
      for side in missing {
        let verb =
          plan.kind == .service
          ? (side ? "calls" : "serves") : (side ? "sends to" : "receives from")
        reader.diagnostics.error(
          .unusedChannel, at: entry.place, length: name.count,
          "no program \(verb) '\(name)'.")
      }
      if plan.kind == .pipe { checkPipe(name, holders) }
    }
  }

  private mutating func checkShape(_ plan: ChannelPlan, _ entry: Value.Entry) {
    func refuse(_ key: String, _ why: String, _ diagnostics: inout Diagnostics) {
      guard let own = entry.value.entry(key) else { return }
      diagnostics.error(.meaningless, at: own.place, length: key.count, why)
    }
    if plan.kind == .service {
      if entry.value["returning"] == nil {
        reader.diagnostics.error(
          .missingKey, at: entry.place, length: plan.name.count,
          "a service needs the key 'returning': the type of its replies.")
      }
      refuse("overflow", "a caller of a service waits; leave 'overflow' out.", &reader.diagnostics)
    } else {
      refuse("returning", "only kind: service has replies.", &reader.diagnostics)
    }
    if plan.overflow == .suspend {
      refuse(
        "capacity", "'capacity' belongs to an 'overflow' that does not wait.", &reader.diagnostics)
    }
    if plan.kind == .pipe || plan.kind == .broadcast {
      for key in ["attempts", "prefetch"] {
        refuse(key, "'\(key)' belongs to kind: work and kind: service.", &reader.diagnostics)
      }
    }
  }

  private mutating func checkElements(_ end: CheckedEnd, _ plan: ChannelPlan, _ value: Value) {
    let isService = plan.kind == .service
    guard isService == (end.verb == "call" || end.verb == "serve") else {
      let words = isService ? "call and serve" : "send and receive"
      reader.diagnostics.error(
        .wrongElement, at: end.place, length: plan.name.count,
        "'\(plan.name)' is a \(plan.kind.rawValue)\(plan.kind == .work ? " channel" : ""), whose ends are \(words)."
      )
      return
    }
    let declared = [value["of"]?.text, isService ? value["returning"]?.text : nil]
      .compactMap { $0 }
    guard declared.count == end.elements.count else { return }
    for (declared, actual) in zip(declared, end.elements)
    where TypeWords.normal(declared) != TypeWords.normal(actual) {
      let line = value.place.line
      reader.diagnostics.error(
        .wrongElement, at: end.place, length: plan.name.count,
        "the program \(Self.words[end.verb] ?? end.verb) \(actual), and '\(plan.name)' (line \(line)) is of \(declared)."
      )
    }
  }

  private static let words = [
    "send": "sends", "receive": "receives", "call": "calls with and gets",
    "serve": "serves with and returns",
  ]

  /// The ends of a pipe go to their nodes, once.
  private mutating func checkPipe(_ name: String, _ holders: [ChannelScope.Holder]) {
    for side in [true, false] {
      let own = holders.filter { $0.end.end.isSending == side }
      if own.count > 1 {
        refusePipe(own[1], "is at '\(own[0].node.key)' already: a pipe has one of each")
      }
      guard let first = own.first else { continue }
      if first.node.value["instances"] != nil {
        refusePipe(first, "goes to one node, and this one has instances")
      } else if let restart = first.node.value["restart"], restart.text != "never" {
        refusePipe(first, "is gone with its node's first life, so restart: never")
      }
    }
  }

  private mutating func refusePipe(_ holder: ChannelScope.Holder, _ why: String) {
    reader.diagnostics.error(
      .meaningless, at: holder.end.place, length: holder.end.end.channel.count,
      "the end of the pipe '\(holder.end.end.channel)' \(why); write kind: work.")
  }
}

/// Names of Swift types as people write them.
package enum TypeWords {
  /// A name without spaces, modules' and other equal forms of the same type.
  package static func normal(_ name: String) -> String {
    var text = name.filter { $0 != " " }
    for module in ["Swift.", "Foundation."] { text = text.replacing(module, with: "") }
    return shortened(text)
  }

  /// `Array<X>` as `[X]`, `Optional<X>` as `X?`, `Dictionary<K,V>` as `[K:V]`.
  private static func shortened(_ text: String) -> String {
    if text.hasSuffix("?"), text.count > 1 { return shortened(String(text.dropLast())) + "?" }
    guard text.hasSuffix(">"), let open = text.firstIndex(of: "<") else {
      if text.hasPrefix("["), text.hasSuffix("]") {
        let inner = parts(text.dropFirst().dropLast(), at: ":")
        return "[" + inner.map(shortened).joined(separator: ":") + "]"
      }
      return text
    }
    let arguments = parts(text[text.index(after: open)...].dropLast(), at: ",").map(shortened)
    switch (text[..<open], arguments.count) {
    case ("Array", 1): return "[\(arguments[0])]"
    case ("Optional", 1): return "\(arguments[0])?"
    case ("Dictionary", 2): return "[\(arguments[0]):\(arguments[1])]"
    default: return text[..<open] + "<" + arguments.joined(separator: ",") + ">"
    }
  }

  /// What stands between separators that are in no bracket.
  private static func parts(_ text: Substring, at separator: Character) -> [String] {
    var parts = [""]
    var depth = 0
    for character in text {
      if "<[(".contains(character) { depth += 1 }
      if ">])".contains(character) { depth -= 1 }
      if character == separator, depth == 0 {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts
  }
}
