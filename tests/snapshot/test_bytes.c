// SPDX-License-Identifier: MIT
/*
 * Snapshots as bytes and files, with their notes: what comes from outside is refused unless it is a
 * snapshot whole, whose every field makes sense, and a sentence says where it is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bring_up.h"
#include "gen/leaves.h"
#include "module/handoff.h"
#include "replay/replay.h"
#include "snapshot/internal.h"
#include "support.h"

static void a_file_holds_it(void **state)
{
	struct seamless_snapshot *s = take(*state), *loaded;
	char path[60];
	size_t len, other_len;
	const void *bytes = seamless_snapshot_bytes(s, &len), *other;

	snprintf(path, sizeof(path), "/tmp/seamless-test-%d.snapshot", (int)getpid());
	assert_true(seamless_snapshot_save(s, path, err, sizeof(err)));
	loaded = seamless_snapshot_load(path, err, sizeof(err));
	assert_non_null(loaded);
	other = seamless_snapshot_bytes(loaded, &other_len);
	assert_int_equal(len, other_len);
	assert_memory_equal(bytes, other, len);
	seamless_snapshot_free(loaded);
	unlink(path);
	assert_null(seamless_snapshot_load(path, err, sizeof(err)));
	assert_non_null(strstr(err, "No such file"));
	assert_null(seamless_snapshot_load("/tmp", err, sizeof(err)));
	assert_non_null(strstr(err, "Is a directory"));
	assert_false(seamless_snapshot_save(s, "/nowhere/at/all", err, sizeof(err)));
	assert_non_null(strstr(err, "/nowhere/at/all: "));
	seamless_snapshot_free(s);
}

static void a_device_stays_one(void **state)
{
	struct seamless_snapshot *s = take(*state);
	struct stat st;
	char path[60];

	snprintf(path, sizeof(path), "/tmp/seamless-test-%d.full", (int)getpid());
	assert_int_equal(symlink("/dev/full", path), 0);
	assert_false(seamless_snapshot_save(s, path, err, sizeof(err)));
	assert_non_null(strstr(err, "No space left on device"));
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	unlink(path);
	seamless_snapshot_free(s);
}

static void refused(const uint8_t *bytes, size_t len, const char *what)
{
	struct seamless_snapshot *s = seamless_snapshot_from("bad", bytes, len, err, sizeof(err));

	if (s)
		fail_msg("accepted: %s", what);
	if (strncmp(err, "bad: offset 0x", 14) != 0)
		fail_msg("%s: %s", what, err);
}

static uint64_t random_number(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 24;
}

static void note(struct seamless_snapshot *s, const char *text)
{
	assert_true(seamless_snapshot_set_note(s, text, strlen(text)));
}

static void has_note(const struct seamless_snapshot *s, const char *text)
{
	size_t len;
	const void *found = seamless_snapshot_note(s, &len);

	assert_int_equal(len, strlen(text));
	assert_memory_equal(found, text, len);
}

/* One note at a time, which a reader of the bytes finds and a restore does not miss. */
static void a_note_goes_with_it(void **state)
{
	struct seamless_snapshot *s = take(*state), *copy;

	has_note(s, "");
	note(s, "where it was taken, at some length");
	copy = reread(s);
	has_note(copy, "where it was taken, at some length");
	note(copy, "shorter");
	seamless_snapshot_free(s);
	s = reread(copy);
	has_note(s, "shorter");
	restore(*state, s);
	note(s, "");
	has_note(s, "");
	seamless_snapshot_free(reread(s));
	seamless_snapshot_free(copy);
	seamless_snapshot_free(s);
}

/* A replay begins with a snapshot of its own only, whatever its note says. */
static void a_replay_looks_at_the_note(void **state)
{
	static const char text[] = "PLAT lps=1 pkgs=1\nEND\n";
	static const struct {
		const char *note, *error;
	} notes[] = {
		{ "", "s: not taken by a replay" },
		{ "seamless repla", "s: not taken by a replay" },
		{ "seamless replay\n", "s: its note has no line" },
		{ "seamless replay\nline\n", "s: its note is not of a replay: line" },
		{ "seamless replay\nline 2\n", "s: its note has no place in a transcript" },
		{ "seamless replay\nline 2 5\n",
		  "s: not of t: what stands before line 2 is another text" },
		{ "seamless replay\nvalue a 1 2\n",
		  "s: its note has a value that t has not: a 1 2" },
		{ "seamless replay\nvalue aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1 2\n",
		  "s: its note has a value that t has not: aaaaaaaaaa" },
		{ "seamless replay\nfault 64 * OPERAND_BUSY\n",
		  "s: its note has a fault of processor 64" },
		{ "seamless replay\nfault -1 * OPERAND_BUSY\n", "s: its note has a fault of " },
		{ "seamless replay\nfault 0 * OPERAND_BUSY\nfault 0 * OPERAND_BUSY\n",
		  "s: its note has a fault of processor 0" },
		{ "seamless replay\nfault 0 * NONE", "s: its note: no status 'NONE'" },
		{ "seamless replay\nnonsense\n", "s: its note is not of a replay: nonsense" },
	};
	struct seamless_snapshot *s = take(*state);
	const struct replay_options options = { .begin = s, .begin_name = "s" };
	struct replay_counts counts = { 0 };

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		note(s, notes[i].note);
		assert_false(replay_text("t", text, sizeof(text) - 1, &options, &counts, err,
					 sizeof(err)));
		if (strncmp(err, notes[i].error, strlen(notes[i].error)) != 0)
			fail_msg("%s: %s", notes[i].note, err);
	}
	seamless_snapshot_free(s);
}

/* Cut at each byte of the header, around each part, and at random. */
static void truncated_files(void **state)
{
	struct seamless_snapshot *s = take(*state);
	const struct snapshot_header *h;
	const uint8_t *bytes;
	uint64_t seed = 1;
	size_t len;

	note(s, "noted");
	bytes = seamless_snapshot_bytes(s, &len);
	assert_non_null(bytes);
	h = (const struct snapshot_header *)(const void *)bytes;
	for (size_t at = 0; at < sizeof(*h); at++)
		refused(bytes, at, "cut in the header");
	for (unsigned i = 0; i < PARTS; i++) {
		for (int by = -1; by <= 1; by++) {
			size_t at = h->part[i].offset + (size_t)by;

			refused(bytes, at, "cut around a part");
			assert_non_null(strstr(err, "ends"));
		}
	}
	for (unsigned i = 0; i < 100; i++)
		refused(bytes, random_number(&seed) % len, "cut at random");
	refused(bytes, len - 1, "cut at the end");
	assert_non_null(strstr(err, "the file ends here, its header says at 0x"));
	seamless_snapshot_free(s);
}

static void flipped_bits(void **state)
{
	struct seamless_snapshot *s = take(*state);
	uint64_t seed = 2;
	size_t len;
	const uint8_t *bytes = seamless_snapshot_bytes(s, &len);
	uint8_t *bad = malloc(len + 1);

	assert_true(bytes && bad);
	memcpy(bad, bytes, len);
	for (size_t i = 0; i < sizeof(struct snapshot_header) + 60; i++) {
		size_t at = i < sizeof(struct snapshot_header) ? i : random_number(&seed) % len;
		uint8_t bit = (uint8_t)(1u << random_number(&seed) % 8);

		bad[at] ^= bit;
		refused(bad, len, "a bit flipped");
		bad[at] ^= bit;
	}
	bad[len] = 0;
	refused(bad, len + 1, "a byte too many");
	free(bad);
	seamless_snapshot_free(s);
}

/* A change of one field with the hashes put right, and what is said about it. */
static void with_field(struct seamless_snapshot *s, uint64_t offset, const void *value, size_t size,
		       const char *expected)
{
	struct snapshot_header *h = snapshot_header(s);
	uint8_t before[64];
	size_t len;

	assert_non_null(seamless_snapshot_bytes(s, &len));
	memcpy(before, s->bytes + offset, size);
	memcpy(s->bytes + offset, value, size);
	if (offset < sizeof(*h))
		assert_true(sha384_of(h, offsetof(struct snapshot_header, hash), h->hash));
	else
		s->sealed = false;
	refused(seamless_snapshot_bytes(s, &len), s->len, expected);
	if (!strstr(err, expected))
		fail_msg("expected '%s': %s", expected, err);
	memcpy(s->bytes + offset, before, size);
	s->sealed = false;
}

static uint64_t module_field(const struct seamless_snapshot *s, const char *name)
{
	return snapshot_header(s)->part[PART_MODULE].offset + saved_module_offset(name);
}

static uint64_t platform_field(const struct seamless_snapshot *s, const char *name)
{
	return snapshot_header(s)->part[PART_PLATFORM].offset + saved_platform_offset(name);
}

static void hostile_module(struct seamless_snapshot *s)
{
	const uint32_t huge = 1u << 30;
	const uint64_t zero = 0, beyond = 1ull << 60;
	const uint8_t nine = 9;
	uint64_t tdmr = module_field(s, "tdmr");

	with_field(s, module_field(s, "sys_state"), &huge, 4, "sys_state: 1073741824 is none");
	with_field(s, module_field(s, "dead"), &nine, 1, "dead: neither 0 nor 1");
	with_field(s, module_field(s, "num_lps"), &huge, 4, "num_lps: 1073741824, the platform");
	with_field(s, module_field(s, "num_tdmrs"), &huge, 4, "num_tdmrs: 1073741824, at most 64");
	with_field(s, module_field(s, "hkid_end"), &huge, 4, "hkid_end");
	with_field(s, module_field(s, "hkid_shift"), &huge, 4, "hkid_shift");
	with_field(s, module_field(s, "max_pa_bits"), &huge, 4, "max_pa_bits");
	with_field(s, module_field(s, "pkg_shift"), &huge, 4, "pkg_shift");
	with_field(s, module_field(s, "tsc_hz"), &zero, 8, "tsc_hz: 0");
	with_field(s, module_field(s, "global_hkid"), &huge, 4, "global_hkid");
	with_field(s, module_field(s, "kot") + 2, &nine, 1, "kot: key id 1 is in state 9");
	with_field(s, tdmr + offsetof(struct tdmr, size), &zero, 8, "tdmr: 0x0+0x0: not whole");
	with_field(s, tdmr + offsetof(struct tdmr, pamt_base), &beyond, 8, "tdmr: PAMT at");
	with_field(s, tdmr + offsetof(struct tdmr, pamt_size), &zero, 8, "tdmr: PAMT at");
	with_field(s, tdmr + offsetof(struct tdmr, num_rsvd), &huge, 4, "reserved areas");
	with_field(s, tdmr + offsetof(struct tdmr, next), &beyond, 8, "initialised up to");
}

static void hostile_fields_with_right_hashes(void **state)
{
	struct seamless_snapshot *s = take(*state);
	const struct snapshot_header *h = snapshot_header(s);
	const uint32_t huge = 1u << 30;
	const uint64_t beyond = 1ull << 60;
	const uint8_t nine = 9;
	uint64_t lp = h->part[PART_LPS].offset, handoff = h->part[PART_HANDOFF].offset;

	hostile_module(s);
	s->bytes[handoff] = 1; /* valid */
	with_field(s, handoff + offsetof(struct handoff, num_tdmrs), &huge, 4,
		   "what the last module left: num_tdmrs: 1073741824, at most");
	s->bytes[handoff] = 0;
	with_field(s, platform_field(s, "entropy"), &nine, 1, "entropy: neither");
	with_field(s, platform_field(s, "kicked") + 3, &nine, 1, "kicked: neither");
	with_field(s, platform_field(s, "n_override"), &huge, 4, "CPUID values set");
	with_field(s, h->part[PART_MSRS].offset + offsetof(struct lp_msrs, used), &huge, 4,
		   "1073741824 MSRs, the table holds");
	with_field(s, lp + offsetof(struct saved_lp, running), &nine, 1, "processor 0: a flag");
	with_field(s, lp + offsetof(struct saved_lp, pkg), &huge, 4, "another package");
	with_field(s, lp + offsetof(struct saved_lp, in_module), "\1", 1, "inside a call");
	with_field(s, h->part[PART_KEYS].offset, &beyond, 8, "of a key id: not after");
	with_field(s, h->part[PART_KEYS].offset + 16, &beyond, 8, "the platform has 1 to");
	with_field(s, h->part[PART_RUNS].offset, &beyond, 8, "not after the run before");
	with_field(s, h->part[PART_TEXT].offset, "bad", 3, "its platform file:1: ");
	with_field(s, offsetof(struct snapshot_header, version), &huge, 4,
		   "format version 1073741824, this build reads version 2");
	with_field(s, offsetof(struct snapshot_header, layout), &beyond, 8, "another layout");
	with_field(s, offsetof(struct snapshot_header, length), &beyond, 8, "the parts end at");
	with_field(s, offsetof(struct snapshot_header, part), &beyond, 8, "must follow at");
	seamless_snapshot_free(s);
}

/* A running guest's control pages are used without another look. */
static void a_running_guest_has_its_pages(void **state)
{
	struct seamless_regs regs = { .gpr = { [0] = LEAF_TDH_VP_ENTER, [1] = TDVPR } };
	const uint64_t beyond = 1ull << 60, empty = 0, tdr = TDR;
	const uint16_t vm = 1;
	struct seamless_snapshot *s;
	uint64_t lp;

	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_GUEST);
	s = take(*state);
	lp = snapshot_header(s)->part[PART_LPS].offset;
	with_field(s, lp + offsetof(struct saved_lp, vp_pa), &beyond, 8, "not in memory");
	with_field(s, lp + offsetof(struct saved_lp, vp_pa), &empty, 8, "none that can run");
	with_field(s, lp + offsetof(struct saved_lp, td_pa), &empty, 8, "none that can run");
	with_field(s, lp + offsetof(struct saved_lp, vp_pa), &tdr, 8, "none that can run");
	with_field(s, lp + offsetof(struct saved_lp, vm), &vm, 2, "none that can run");
	seamless_snapshot_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TD(a_file_holds_it),
		WITH_TD(a_device_stays_one),
		WITH_TD(a_note_goes_with_it),
		WITH_TD(a_replay_looks_at_the_note),
		WITH_TD(truncated_files),
		WITH_TD(flipped_bits),
		WITH_TD(hostile_fields_with_right_hashes),
		WITH_TD(a_running_guest_has_its_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
