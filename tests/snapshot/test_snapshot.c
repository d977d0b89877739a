// SPDX-License-Identifier: MIT
/*
 * Snapshots: what they keep, what a restore refuses, and that a wrong file changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#undef fail /* the module has one of its own */

#include "bring_up.h"
#include "gen/leaves.h"
#include "module/handoff.h"
#include "replay/replay.h"
#include "snapshot/internal.h"
#include "tdx/metadata.h"
#include "tdx/status.h"

#define CHUNK 256u

#define complain(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

static char err[500];

static struct seamless_machine *machine(enum seamless_guest guest)
{
	const struct seamless_config config = { .name = "default", .guest = guest };
	struct seamless_machine *m = seamless_create(&config, err, sizeof(err));

	assert_non_null(m);
	return m;
}

/* A TD being built: TDH.MEM.PAGE.ADD was the last call. */
static int setup(void **state)
{
	struct seamless_machine *m = *state = machine(SEAMLESS_GUEST_SCRIPTED);

	if (!seamless_lp_enter(m, 0))
		return -1;
	bring_up_system(m);
	bring_up_td(m);
	return 0;
}

static int teardown(void **state)
{
	seamless_lp_leave();
	seamless_destroy(*state);
	return 0;
}

static struct seamless_snapshot *take(struct seamless_machine *m)
{
	struct seamless_snapshot *s = seamless_snapshot_take(m, err, sizeof(err));

	if (!s)
		complain("%s", err);
	return s;
}

static void restore(struct seamless_machine *m, const struct seamless_snapshot *s)
{
	if (!seamless_snapshot_restore(s, m, err, sizeof(err)))
		complain("%s", err);
}

/* A copy that has seen nothing but the bytes. */
static struct seamless_snapshot *reread(struct seamless_snapshot *s)
{
	struct seamless_snapshot *copy;
	size_t len;
	const void *bytes = seamless_snapshot_bytes(s, &len);

	assert_non_null(bytes);
	copy = seamless_snapshot_from("bytes", bytes, len, err, sizeof(err));
	if (!copy)
		complain("%s", err);
	return copy;
}

static uint64_t call(uint64_t leaf, uint64_t rcx, uint64_t rdx)
{
	struct seamless_regs regs = { .gpr = { [0] = leaf, [1] = rcx, [2] = rdx } };

	seamless_transport_seamcall(&regs);
	return regs.gpr[0];
}

static void extend(unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++)
		bring_up_call(LEAF_TDH_MR_EXTEND, GPA_PAGE + i * CHUNK, TDR, 0, 0);
}

struct mrtd {
	uint64_t word[6];
};

static struct mrtd finish(void)
{
	struct mrtd mrtd;

	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	for (unsigned i = 0; i < 6; i++) {
		struct seamless_regs regs = {
			.gpr = { [0] = LEAF_TDH_MNG_RD, [1] = TDR, [2] = TDX_MD_TD_MRTD + i }
		};

		seamless_transport_seamcall(&regs);
		assert_int_equal(regs.gpr[0], TDX_SUCCESS);
		mrtd.word[i] = regs.gpr[8];
	}
	return mrtd;
}

static void a_measurement_goes_on(void **state)
{
	struct seamless_machine *other;
	struct seamless_snapshot *s, *copy;
	struct mrtd whole, again;

	extend(0, 7);
	s = take(*state);
	extend(7, 16);
	whole = finish();
	restore(*state, s);
	extend(7, 16);
	again = finish();
	assert_memory_equal(&whole, &again, sizeof(whole));
	copy = reread(s);
	seamless_snapshot_free(s);
	other = seamless_snapshot_open(copy, SEAMLESS_GUEST_INTERPRETED, false, err, sizeof(err));
	assert_non_null(other);
	seamless_snapshot_free(copy);
	seamless_lp_leave();
	assert_true(seamless_lp_enter(other, 0));
	extend(7, 16);
	again = finish();
	assert_memory_equal(&whole, &again, sizeof(whole));
	seamless_lp_leave();
	seamless_destroy(other);
}

/* What a machine answers to calls that use what lies outside of TDs' pages. */
struct answers {
	uint64_t status[5], tsc, msr, hash;
	struct seamless_cpuid cpuid;
	uint8_t key[32];
};

static struct answers ask(struct seamless_machine *m)
{
	struct answers a = { 0 };

	a.status[0] = call(LEAF_TDH_MNG_CREATE, PAGES_BASE + 40 * 4096, FIRST_HKID + 2);
	a.status[1] = call(LEAF_TDH_MNG_KEY_CONFIG, PAGES_BASE + 40 * 4096, 0);
	a.status[2] = call(LEAF_TDH_MNG_KEY_CONFIG, PAGES_BASE + 40 * 4096, 0);
	a.status[3] = call(LEAF_TDH_PHYMEM_PAGE_RECLAIM, TDR, 0);
	a.status[4] = call(LEAF_TDH_MNG_CREATE, TDR, FIRST_HKID + 3);
	a.tsc = seamless_tsc(m);
	a.msr = seamless_msr(m, 0, 0x3a);
	a.cpuid = seamless_cpuid(m, 0, 0x40000000, 1);
	seamless_report_key(m, a.key);
	assert_true(seamless_hash(m, 0, PAGES_BASE + 64 * 4096, &a.hash));
	return a;
}

/* A counted TSC, so that time repeats too. */
static struct seamless_machine *counted(void)
{
	static const char more[] = "\ntsc start 1000 event 7 read 3\n";
	struct seamless_config config = { .name = "counted", .guest = SEAMLESS_GUEST_SCRIPTED };
	const char *text = seamless_platform_text("default", &config.len);
	char *all = malloc(config.len + sizeof(more));
	struct seamless_machine *m;

	assert_non_null(all);
	memcpy(all, text, config.len);
	memcpy(all + config.len, more, sizeof(more));
	config.len += sizeof(more) - 1;
	config.text = all;
	m = seamless_create(&config, err, sizeof(err));
	free(all);
	assert_non_null(m);
	assert_true(seamless_lp_enter(m, 0));
	bring_up_system(m);
	bring_up_td(m);
	return m;
}

static void each_restore_answers_the_same(void **state)
{
	struct seamless_machine *m = counted();
	struct seamless_snapshot *s;
	struct answers first, next;

	(void)state;
	seamless_set_msr(m, 0, 0x3a, 77);
	seamless_set_cpuid(m, 0, 0x40000000, 1, (struct seamless_cpuid){ 1, 2, 3, 4 });
	seamless_inject_pconfig(m, 2);
	s = take(m);
	first = ask(m);
	assert_int_equal(first.status[0], TDX_SUCCESS);
	assert_int_not_equal(first.status[1], TDX_SUCCESS);
	assert_int_equal(first.status[2], TDX_SUCCESS);
	assert_int_equal(first.msr, 77);
	for (unsigned i = 0; i < 20; i++) {
		seamless_set_msr(m, 0, 0x3a, i);
		seamless_clear_cpuid(m);
		seamless_set_entropy(m, false);
		seamless_advance_tsc(m, 1000000 * i);
		restore(m, s);
		next = ask(m);
		assert_memory_equal(&first, &next, sizeof(first));
	}
	seamless_snapshot_free(s);
	seamless_lp_leave();
	seamless_destroy(m);
}

/* Two machines in one process go apart from one snapshot. */
static void machines_go_apart(void **state)
{
	struct seamless_snapshot *s = take(*state);
	struct seamless_machine *other =
		seamless_snapshot_open(s, SEAMLESS_GUEST_SCRIPTED, false, err, sizeof(err));

	assert_non_null(other);
	seamless_snapshot_free(s);
	finish();
	assert_int_equal(call(LEAF_TDH_MR_FINALIZE, TDR, 0) & ~0xffffffffull,
			 TDX_OP_STATE_INCORRECT);
	seamless_lp_leave();
	assert_true(seamless_lp_enter(other, 0));
	extend(0, 16);
	finish();
	seamless_lp_leave();
	seamless_destroy(other);
}

static void a_scripted_guest_stays_in_the_td(void **state)
{
	struct seamless_vm_exit tdcall = { .reason = SEAMLESS_EXIT_TDCALL, .instr_length = 4 };
	struct seamless_regs regs = { .gpr = { [0] = LEAF_TDH_VP_ENTER, [1] = TDVPR } };
	struct seamless_machine *interpreted = machine(SEAMLESS_GUEST_INTERPRETED);
	struct seamless_snapshot *s;

	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_GUEST);
	seamless_guest_64bit();
	s = take(*state);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(seamless_in_guest(NULL));
		memset(&regs, 0, sizeof(regs));
		regs.gpr[0] = LEAF_TDG_VP_INFO;
		assert_int_equal(seamless_vm_exit(&tdcall, &regs), SEAMLESS_TO_GUEST);
		assert_int_equal(regs.gpr[0], TDX_SUCCESS);
		tdcall.reason = SEAMLESS_EXIT_INTERRUPT;
		assert_int_equal(seamless_vm_exit(&tdcall, &regs), SEAMLESS_TO_HOST);
		assert_false(seamless_in_guest(NULL));
		tdcall.reason = SEAMLESS_EXIT_TDCALL;
		seamless_snapshot_free(take(*state)); /* the processor is out of the module */
		restore(*state, s);
	}
	assert_false(seamless_snapshot_restore(s, interpreted, err, sizeof(err)));
	assert_non_null(strstr(err, "a scripted guest runs in the snapshot"));
	seamless_snapshot_free(s);
	seamless_destroy(interpreted);
}

/* A script is part of a call of an interpreted machine only. */
static void not_within_a_call(void **state)
{
	struct seamless_machine *m = *state;

	m->module->lp[2].in_module = true;
	assert_null(seamless_snapshot_take(m, err, sizeof(err)));
	assert_string_equal(err, "logical processor 2 is inside a call");
	m->module->lp[2].guest.running = true;
	m->guest = SEAMLESS_GUEST_INTERPRETED;
	assert_null(seamless_snapshot_take(m, err, sizeof(err)));
	assert_string_equal(err, "logical processor 2 is inside a guest");
	m->module->lp[2] = (struct lp){ .pkg = m->module->lp[2].pkg };
}

static void another_platform_is_refused(void **state)
{
	struct seamless_snapshot *s = take(*state);
	struct seamless_config config = { .name = "transcripts" };
	struct seamless_machine *other = seamless_create(&config, err, sizeof(err));
	uint64_t before, after;

	assert_non_null(other);
	assert_true(seamless_fill(other, 0x5000, 4096, 7));
	assert_true(seamless_hash(other, 0, 1u << 20, &before));
	assert_false(seamless_snapshot_restore(s, other, err, sizeof(err)));
	assert_non_null(strstr(err, "the snapshot is of another platform: line "));
	assert_true(seamless_hash(other, 0, 1u << 20, &after));
	assert_int_equal(before, after);
	seamless_snapshot_free(s);
	seamless_destroy(other);
}

static void a_recorded_machine_is_refused(void **state)
{
	struct seamless_snapshot *s = take(*state);
	FILE *out = fopen("/dev/null", "w");
	struct seamless_recording *r = seamless_record_start(*state, out);

	assert_non_null(r);
	assert_false(seamless_snapshot_restore(s, *state, err, sizeof(err)));
	assert_non_null(strstr(err, "recorded"));
	assert_true(seamless_record_end(r));
	restore(*state, s);
	fclose(out);
	seamless_snapshot_free(s);
}

/* Memory behind a file: only its written parts are looked at, and restored under who maps it. */
static void shareable_memory_too(void **state)
{
	const struct seamless_config config = { .name = "default", .shareable = true };
	struct seamless_machine *m = seamless_create(&config, err, sizeof(err)), *other;
	struct seamless_snapshot *s;
	char seen[6] = "";

	(void)state;
	assert_non_null(m);
	assert_true(seamless_write(m, 0x12345000, "hello", 6));
	s = take(m);
	assert_true(seamless_fill(m, 0x12345000, 8192, 0xff));
	restore(m, s);
	assert_int_equal(pread(seamless_memory_fd(m), seen, 6, 0x12345000), 6);
	assert_string_equal(seen, "hello");
	assert_int_equal(pread(seamless_memory_fd(m), seen, 1, 0x12346000), 1);
	assert_int_equal(seen[0], 0);
	other = seamless_snapshot_open(s, SEAMLESS_GUEST_SCRIPTED, true, err, sizeof(err));
	if (!other)
		complain("%s", err);
	assert_true(seamless_read(other, 0x12345000, seen, 6));
	assert_string_equal(seen, "hello");
	seamless_destroy(other);
	seamless_destroy(m);
	seamless_snapshot_free(s);
}

/* ---- files ---- */

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

static void refused(const uint8_t *bytes, size_t len, const char *what)
{
	struct seamless_snapshot *s = seamless_snapshot_from("bad", bytes, len, err, sizeof(err));

	if (s)
		complain("accepted: %s", what);
	if (strncmp(err, "bad: offset 0x", 14) != 0)
		complain("%s: %s", what, err);
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
			complain("%s: %s", notes[i].note, err);
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
		complain("expected '%s': %s", expected, err);
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

/* A measurement under way that is none: it lies in a page, where a snapshot can put anything. */
static void a_measurement_that_is_none(void **state)
{
	uint8_t garbage[256];

	memset(garbage, 0xff, sizeof(garbage));
	assert_true(seamless_private_write(*state, PAGES_BASE + 4096 + 0x400, garbage,
					   sizeof(garbage)));
	extend(0, 16);
	finish();
}

/* Each byte of the module that is no pointer is in the table: after a restore nothing differs. */
static void nothing_of_the_module_is_forgotten(void **state)
{
	struct seamless_machine *m = *state;
	struct module *before = malloc(sizeof(*before));
	struct seamless_snapshot *s;

	assert_non_null(before);
	for (unsigned i = 0; i < MAX_LPS; i++) {
		memset(&m->module->lp[i].reason, 0, sizeof(m->module->lp[i].reason));
		m->module->lp[i].refused = NULL;
	}
	for (unsigned i = 0; i < seamless_lps(m); i++)
		m->module->lp[i].guest.stale_tlb = true;
	/* What no call leaves behind, but the fields of the table do. */
	memset(&m->module->global_lock, 0x5a, sizeof(m->module->global_lock));
	memset(m->module->wbcache, 0x5a, sizeof(m->module->wbcache));
	memset(m->module->ket_lock, 0x5a, sizeof(m->module->ket_lock));
	m->module->kot_lock = 0x5a5a;
	*before = *m->module;
	s = take(m);
	memset(&m->module->global_lock, 0,
	       offsetof(struct module, processors) - offsetof(struct module, global_lock));
	restore(m, s);
	assert_memory_equal(before, m->module, sizeof(*before));
	seamless_snapshot_free(s);
	free(before);
}

#define WITH_TD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TD(a_measurement_goes_on),
		cmocka_unit_test(each_restore_answers_the_same),
		WITH_TD(machines_go_apart),
		WITH_TD(a_scripted_guest_stays_in_the_td),
		WITH_TD(a_running_guest_has_its_pages),
		WITH_TD(not_within_a_call),
		WITH_TD(another_platform_is_refused),
		WITH_TD(a_recorded_machine_is_refused),
		cmocka_unit_test(shareable_memory_too),
		WITH_TD(a_file_holds_it),
		WITH_TD(a_note_goes_with_it),
		WITH_TD(a_replay_looks_at_the_note),
		WITH_TD(truncated_files),
		WITH_TD(flipped_bits),
		WITH_TD(hostile_fields_with_right_hashes),
		WITH_TD(a_measurement_that_is_none),
		WITH_TD(nothing_of_the_module_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
