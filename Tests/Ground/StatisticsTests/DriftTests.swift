// SPDX-License-Identifier: Apache-2.0

import Statistics
import Testing

struct DriftTests {
    /// Expected values: SciPy 1.17.1, `ks_2samp(method="asymp")`; each row takes another branch of the distribution.
    @Test(arguments: [
        (30, 40, 0.2, 0.23333333333333334, 0.26846822671623183),
        (200, 150, 0.05, 0.05666666666666664, 0.9305158480582045),
        (500, 300, 0.1, 0.10666666666666669, 0.0256810273956104),
        (5_000, 1_000, 0.02, 0.02100000000000002, 0.8483546187239766),
        (5_000, 5_000, 0.03, 0.0308, 0.01705742040495203),
        (20, 20, 0.7, 0.75, 2.48650390625e-06),
        (100_000, 80_000, 0.004, 0.004115000000000091, 0.4379474482023199),
        (300_000, 300_000, 0.002, 0.002100000000000102, 0.521931573425594),
    ])
    func `Kolmogorov and Smirnov agree with SciPy`(n1: Int, n2: Int, shift: Double, distance: Double, p: Double) throws
    {
        let test = try #require(
            KolmogorovSmirnov(sequence(n1, 7_919, 13, 10_007), sequence(n2, 6_101, 77, 9_973).map { $0 + shift })
        )
        #expect(abs(test.distance - distance) < 1e-12)
        #expect(abs(test.pValue - p) < 1e-9)
    }

    /// Expected values: SciPy 1.17.1, `chi2.sf`.
    @Test(arguments: [
        (3.84, 1, 0.05004352124870519), (0.5, 3, 0.9188914116546758), (30.0, 10, 0.000856641210775301),
        (200.0, 100, 1.1784500720979781e-08), (0.001, 2, 0.9995001249791693), (900.0, 63, 2.2556965256319055e-148),
        (12.5, 255, 1.0), (0.0, 4, 1.0), (.infinity, 4, 0.0),
    ])
    func `the tail of chi-square agrees with SciPy`(value: Double, degrees: Int, expected: Double) {
        #expect(abs(chiSquareSurvival(value, degrees: degrees) - expected) <= 1e-10 * max(expected, 1e-148))
    }

    @Test func `many tests at once are held to one rate of false alarms`() {
        let adjusted = benjaminiHochberg([0.01, 0.04, 0.03, 0.2, 0.005])
        #expect(zip(adjusted, [0.025, 0.05, 0.05, 0.2, 0.025]).allSatisfy { abs($0 - $1) < 1e-12 })
        #expect(benjaminiHochberg([]) == [])
    }

    @Test func `the Jensen-Shannon distance agrees with SciPy`() {
        #expect(abs(Drift.jensenShannon([10, 20, 30, 0], [5, 5, 40, 10]) - 0.33312061410850796) < 1e-12)
        #expect(Drift.jensenShannon([5, 5], [50, 50]) == 0)
        #expect(abs(Drift.jensenShannon([5, 0], [0, 7]) - 0.8325546111576977) < 1e-12)
    }

    @Test func `the stability index is finite for a bin that one side lacks`() {
        let index = Drift.populationStability([10, 10, 0], [0, 10, 10])
        #expect(index.isFinite && index > 1)
        #expect(Drift.populationStability([10, 10], [30, 30]) == 0)
    }

    @Test func `the same distribution does not drift, a shifted one does`() throws {
        let reference = sequence(5_000, 7_919, 13, 10_007)
        let same = try #require(Drift.numbers(reference: reference, current: sequence(300, 6_101, 77, 9_973)))
        #expect(same.effect < 0.1)
        let shifted = try #require(
            Drift.numbers(reference: reference, current: sequence(300, 6_101, 77, 9_973).map { $0 * 0.5 + 0.5 })
        )
        #expect(shifted.effect > 0.3 && shifted.stability > 0.25)
        #expect(try #require(shifted.pValue) < 1e-6)
    }

    @Test func `one far value hides no drift and makes none`() throws {
        let reference = sequence(5_000, 7_919, 13, 10_007) + [1e6]
        let same = try #require(Drift.numbers(reference: reference, current: sequence(500, 6_101, 77, 9_973) + [-1e9]))
        #expect(same.effect < 0.1)
        let shifted = try #require(
            Drift.numbers(reference: reference, current: sequence(500, 6_101, 77, 9_973).map { $0 + 1 })
        )
        #expect(shifted.effect > 0.5)
    }

    @Test func `a feature that goes missing drifts`() throws {
        let reference = sequence(1_000, 7_919, 13, 10_007)
        let current = sequence(500, 6_101, 77, 9_973).enumerated().map { $0.offset % 2 == 0 ? .nan : $0.element }
        let comparison = try #require(Drift.numbers(reference: reference, current: current))
        #expect(comparison.effect >= 0.1)
        #expect(try #require(comparison.pValue) < 0.001)
        let gone = try #require(Drift.numbers(reference: reference, current: [Double](repeating: .nan, count: 50)))
        #expect(gone.effect > 0.8 && gone.distance == nil)
    }

    @Test func `a flag's values are bins of their own`() throws {
        let reference = (0..<1_000).map { $0 % 10 == 0 ? 1.0 : 0 }
        let current = (0..<200).map { $0 % 2 == 0 ? 1.0 : 0 }
        #expect(QuantileBins(sorted: reference.sorted()).counts(current) == [0, 100, 0, 100, 0, 0])
        #expect(try #require(Drift.numbers(reference: reference, current: current)).effect > 0.2)
    }

    @Test func `a value that most rows have is a bin of its own`() {
        let sorted = [Double](repeating: 0, count: 800) + (1...200).map(Double.init)
        let bins = QuantileBins(sorted: sorted)
        let counts = bins.counts(sorted)
        #expect(counts.reduce(0, +) == sorted.count)
        #expect(counts[1] == 800)
        #expect(bins.edges == bins.edges.sorted() && Set(bins.edges).count == bins.edges.count)
    }

    @Test func `categories drift by their shares, rare ones alarm nobody`() throws {
        let reference = Dictionary(uniqueKeysWithValues: (0..<64).map { (String?.some("level \($0)"), 80) })
        let fewRows = Dictionary(uniqueKeysWithValues: (0..<64).map { (String?.some("level \($0)"), 1 + $0 * 7 % 13) })
        let same = try #require(Drift.categories(reference: ["a": 600, "b": 400], current: ["a": 63, "b": 37]))
        #expect(same.effect < 0.1 && same.pValue.map { $0 > 0.3 } == true)
        let rare = try #require(Drift.categories(reference: reference, current: fewRows))
        #expect(rare.pValue != nil)
        let new = try #require(
            Drift.categories(reference: ["a": 600, "b": 400], current: ["a": 100, "c": 80, nil: 20])
        )
        #expect(new.effect > 0.3)
        #expect(try #require(new.pValue) < 1e-6)
        #expect(Drift.categories(reference: ["a": 6], current: [:]) == nil)
    }

    @Test func `samples without values are not compared`() {
        #expect(Drift.numbers(reference: [.nan], current: [1]) == nil)
        #expect(Drift.numbers(reference: [1], current: []) == nil)
        #expect(Drift.populationStability(reference: [1, 2], live: [1, 2]) == nil)
    }
}
