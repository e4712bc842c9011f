import ProcessTree

/// Which children were started again.
public struct RestartsReport: ExampleReport, Encodable {
  /// A type of restart and an end.
  struct TypeCase: Encodable, Sendable {
    let restart: RestartType
    let end: String
    let isRestarted: Bool

    init(_ restart: RestartType, _ end: String, _ isRestarted: Bool) {
      self.restart = restart
      self.end = end
      self.isRestarted = isRestarted
    }

    /// Whether this is what a supervisor has to do.
    var isAsExpected: Bool {
      let failed = end == Obedient.Order.fail.rawValue
      let isOwnEnd = failed || end == Obedient.Order.end.rawValue
      return isRestarted
        == (isOwnEnd && (restart == .permanent || (restart == .transient && failed)))
    }
  }

  /// A strategy and whom it replaced.
  struct StrategyCase: Encodable, Sendable {
    let strategy: SupervisionStrategy
    let replaced: [String]

    init(_ strategy: SupervisionStrategy, _ replaced: [String]) {
      self.strategy = strategy
      self.replaced = replaced
    }

    /// Whether these are the ones whom the strategy has to replace.
    var isAsExpected: Bool {
      switch strategy {
      case .oneForOne: replaced == ["second"]
      case .oneForAll: replaced == ["first", "second", "third"]
      case .restForOne: replaced == ["second", "third"]
      }
    }
  }

  var types: [TypeCase] = []
  var strategies: [StrategyCase] = []

  /// Whether a supervisor did what it has to do in each case.
  public var isSuccess: Bool {
    types.count == 9 && types.allSatisfy(\.isAsExpected) && strategies.allSatisfy(\.isAsExpected)
  }

  /// Two tables.
  public var text: String {
    let types = types.map { one in
      [one.restart.rawValue, one.end, one.isRestarted ? "is started again" : "-"]
    }
    let strategies = strategies.map { one in
      [one.strategy.rawValue, one.replaced.joined(separator: ", ")]
    }
    return TextTable(rows: [["restart", "a child that", ""]] + types).text + "\n\n"
      + TextTable(rows: [["strategy", "when the second of three fails, it replaces"]] + strategies)
      .text
  }
}
