public import ProcessTreeStages

/// How the input of a stage is divided among its workers.
public struct Distribution<Element: Codable & Sendable>: Sendable {
  enum Kind: Sendable {
    case balanced
    case broadcast
    case partitioned(Partitioner<Element>)
    /// By something that cannot be sent to another process.
    case impossible(String)
  }

  let kind: Kind

  /// A free worker takes the next element; several workers that keep state receive elements from a
  /// stateless stage in turn.
  public static var balanced: Self { Self(kind: .balanced) }

  /// Every worker gets everything.
  public static var broadcast: Self { Self(kind: .broadcast) }

  /// Elements with the same key go to the same worker.
  ///
  /// Keys are the same when they encode the same: texts, for instance, when they have the same
  /// Unicode scalars.
  ///
  /// - Parameter key: A stored property of the element, or of a structure stored in it. A pipeline
  ///   with a path that leads elsewhere throws `PipelineError` when it is run: use
  ///   `partitioned(by:)-(Key)` for keys that are computed.
  public static func partitioned<Key: Codable & Hashable & Sendable>(
    by key: any KeyPath<Element, Key> & Sendable
  ) -> Self {
    guard let stored = StoredKey(key) else {
      return Self(
        kind: .impossible(
          "\(key) is no stored property of \(Element.self): have the key computed by a Transform"))
    }
    return Self(kind: .partitioned(Partitioner(stored)))
  }

  /// Elements of which the transform makes the same key go to the same worker.
  public static func partitioned<Key: Transform>(
    by key: Key
  ) -> Self where Key.Input == Element, Key.Output: Hashable {
    Self(kind: .partitioned(Partitioner(ComputedKey(key: key))))
  }

  var sharing: StageDescription.Sharing {
    switch kind {
    case .balanced: .balanced
    case .broadcast: .broadcast
    case .partitioned, .impossible: .partitioned
    }
  }

  /// The partition key, if there is one.
  ///
  /// - Throws: `PipelineError` for one that no other process could find.
  func partitioner(stage: Int, name: String) throws -> Partitioner<Element>? {
    switch kind {
    case .balanced, .broadcast: return nil
    case .impossible(let reason):
      throw PipelineError(.keyNotUsable, reason, stage: stage, stageName: name)
    case .partitioned(let partitioner):
      guard partitioner.canTravel else {
        throw PipelineError(
          .keyNotUsable,
          "the type of the partition key is private or local, so that no other process finds it",
          stage: stage, stageName: name)
      }
      return partitioner.of(stage: name)
    }
  }
}
