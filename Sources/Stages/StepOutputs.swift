package import ProcessTreeBase
public import Synchronization

/// The outputs of a step for consecutive inputs.
@frozen
public struct StepOutputs<Output: Sendable>: Sendable {
  @usableFromInline var storage: [Output] = []
  /// How many outputs each input has that is done; nil if each has one.
  @usableFromInline var inputCounts: [Int]?
  /// Where the outputs of the present input begin.
  @usableFromInline var start = 0
  @usableFromInline var notes: InputNotes?
  /// The inputs that the step gave up.
  @usableFromInline package var refusals: [RefusedInput] = []
  /// Learns how many inputs are done while a batch takes its time.
  @usableFromInline package var onProgress: (@Sendable (Int) async -> Void)?

  /// Makes an empty list.
  ///
  /// - Parameters:
  ///   - isOneToOne: Whether each input has exactly one output.
  ///   - capacity: How many outputs to make room for.
  public init(isOneToOne: Bool, capacity: Int = 0) {
    inputCounts = isOneToOne ? nil : []
    storage.reserveCapacity(capacity)
  }

  /// The outputs of all inputs, in order.
  public var values: [Output] { storage }

  /// How many outputs each input has; nil if each has one.
  public var counts: [Int]? { inputCounts }

  /// How many inputs are done.
  public var inputCount: Int { inputCounts?.count ?? storage.count }

  /// Adds an output of the present input.
  @inlinable
  public mutating func append(_ value: Output) { storage.append(value) }

  /// Ends the outputs of the present input.
  @inlinable
  public mutating func endInput() {
    inputCounts?.append(storage.count - start)
    start = storage.count
    notes?.advance()
  }

  /// Gives the present input up, of which there are no outputs; the step goes on with the next one.
  ///
  /// - Parameters:
  ///   - record: The input.
  ///   - stage: The name of the stage.
  ///   - failures: What happened at each attempt.
  package mutating func refuse(_ record: [UInt8], stage: String, _ failures: [String]) {
    discardUnfinished()
    refusals.append(
      RefusedInput(offset: inputCount, record: record, stage: stage, failures: failures))
    endInput()
  }

  /// Reports how many inputs are done, if somebody wants to know: a step does that which takes long
  /// for a batch.
  package func tellProgress() async {
    if let onProgress, inputCount > 0 { await onProgress(inputCount) }
  }

  /// Removes the outputs of an input that failed before it was done.
  public mutating func discardUnfinished() {
    if inputCounts != nil { storage.removeSubrange(start...) }
  }

  /// Notes the input that the step is about to process; `endInput` then notes the next ones.
  ///
  /// - Parameters:
  ///   - offset: The input's offset in its batch.
  ///   - notes: The place of the notes; nil for inputs that nobody needs to know.
  package mutating func noteInputs(from offset: Int, in notes: ElementNotes?) {
    self.notes = notes.map { InputNotes($0, offset) }
  }
}

/// An input that a step gave up.
@usableFromInline
package struct RefusedInput: Sendable {
  /// The input's place among those of the outputs.
  package var offset: Int
  package var record: [UInt8]
  package var stage: String
  package var failures: [String]
}

/// Notes each input that a step processes in a work page.
@frozen @usableFromInline
struct InputNotes: @unchecked Sendable {
  // Sendable: the word is atomic.
  @usableFromInline let word: UnsafePointer<Atomic<UInt64>>
  /// The note of the present input.
  @usableFromInline var note: UInt64
  /// Keeps the memory.
  @usableFromInline let owner: any AnyObject & Sendable

  init(_ notes: ElementNotes, _ offset: Int) {
    word = notes.word
    note = notes.tag | UInt64(UInt32(clamping: offset))
    owner = notes.owner
    word.pointee.store(note, ordering: .relaxed)
  }

  @inlinable
  mutating func advance() {
    note &+= 1
    word.pointee.store(note, ordering: .relaxed)
  }
}
