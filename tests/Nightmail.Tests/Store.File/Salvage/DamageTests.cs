using Xunit;

namespace Nightmail.Tests.Store.File.Salvage;

/// <summary>
/// A queue of twenty emails, in every state, that is cut, garbled, robbed of a block or given one too many, while each of the things that
/// could help is there, gone or damaged too. <c>./dev torture</c> tries 10,000 damages and every place to cut in each case; otherwise a sample.
/// </summary>
public sealed class DamageTests
{
    /// <summary>Random damages to each case, and how far apart the cuts are.</summary>
    private static readonly (int Seeds, int Step) Size =
        int.TryParse(Environment.GetEnvironmentVariable("NIGHTMAIL_TORTURE_ROUNDS"), out var rounds) ? (rounds * 50, 1) : (40, 613);

    /// <summary>The first seed, to begin again where a long run has failed.</summary>
    private static readonly int First = int.TryParse(Environment.GetEnvironmentVariable("NIGHTMAIL_TORTURE_SEED"), out var seed) ? seed : 0;

    public static TheoryData<Keepsake, Keepsake, int> Cases
    {
        get
        {
            var cases = new TheoryData<Keepsake, Keepsake, int>();
            foreach (var revisions in Enum.GetValues<Keepsake>())
            {
                foreach (var ledger in Enum.GetValues<Keepsake>())
                {
                    foreach (var backups in (int[])[0, 1, 10]) cases.Add(revisions, ledger, backups);
                }
            }

            return cases;
        }
    }

    [Theory]
    [Trait("Category", "Torture")]
    [MemberData(nameof(Cases))]
    public async Task Every_way_of_cutting_it_off_loses_no_email_and_brings_nothing_back(Keepsake revisions, Keepsake ledger, int backups)
    {
        var scene = await DamageScene.CreateAsync(revisions, ledger, backups);
        for (var length = First; length < scene.Whole.Length; length += Size.Step) await scene.CheckAsync(scene.Whole[..length], length, $"cut at {length}");
    }

    [Theory]
    [Trait("Category", "Torture")]
    [MemberData(nameof(Cases))]
    public async Task Flipped_bytes_and_lost_or_doubled_blocks_lose_no_email_and_bring_nothing_back(Keepsake revisions, Keepsake ledger, int backups)
    {
        var scene = await DamageScene.CreateAsync(revisions, ledger, backups);
        for (var seed = First; seed < First + Size.Seeds; seed++) await scene.CheckAsync(Damaged.Bytes(scene.Whole, new Random(seed)), seed, $"seed {seed}");
    }
}
