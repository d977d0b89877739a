// SPDX-License-Identifier: MIT
/*
 * Explanations: statuses, calls as a trace shows them, look-ups, near misses, and that no input
 * makes a text function write beyond its buffer or lie about its length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "explain/explain.h"
#include "explain/suggest.h"
#include "tdx/tdx.h"

#define RAX 0
#define RCX 1
#define RDX 2
#define R8  8
#define R9  9
#define R10 10
#define R11 11
#define R12 12
#define R13 13

static char buf[1024];

static void assert_call(const char *expected, enum explain_side side, const uint64_t in[16],
			const uint64_t out[16])
{
	size_t len = explain_call(buf, sizeof(buf), side, in, out);

	assert_string_equal(buf, expected);
	assert_int_equal(len, strlen(expected));
}

static void test_page_add(void **state)
{
	uint64_t in[16] = {
		[RAX] = 2, [RCX] = 0x1000, [RDX] = 0x40000000, [R8] = 0x40010000, [R9] = 0x2000
	};
	uint64_t out[16] = { 0 };

	(void)state;
	assert_call("TDH.MEM.PAGE.ADD(gpa=0x1000, level=0, tdr=0x40000000, page=0x40010000, "
		    "source=0x2000) = SUCCESS",
		    EXPLAIN_HOST, in, out);
	out[RAX] = TDX_EPT_WALK_FAILED | TDX_OPERAND_ID_RCX;
	out[RCX] = 1ULL << 63;
	out[RDX] = 3;
	assert_call("TDH.MEM.PAGE.ADD(gpa=0x1000, level=0, tdr=0x40000000, page=0x40010000, "
		    "source=0x2000)"
		    " = EPT_WALK_FAILED(RCX) sept_entry=0x8000000000000000 level=3 state=FREE",
		    EXPLAIN_HOST, in, out);
	out[RAX] = TDX_PAGE_METADATA_INCORRECT | TDX_OPERAND_ID_R8;
	out[RCX] = out[RDX] = 0;
	assert_call("TDH.MEM.PAGE.ADD(gpa=0x1000, level=0, tdr=0x40000000, page=0x40010000, "
		    "source=0x2000)"
		    " = PAGE_METADATA_INCORRECT(R8)",
		    EXPLAIN_HOST, in, out);
}

static void test_reserved_bits_are_not_hidden(void **state)
{
	uint64_t in[16] = { [RAX] = 6, [RCX] = 0x1FF9, [RDX] = 1, [R8] = 2 };
	uint64_t out[16] = { [RAX] = TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX };

	(void)state;
	assert_call("TDH.MEM.PAGE.AUG(gpa=0x1ff9, tdr=1, page=2) = OPERAND_INVALID(RCX)",
		    EXPLAIN_HOST, in, out);
}

static void test_metadata_by_name(void **state)
{
	uint64_t in[16] = { [RAX] = 11, [RCX] = 0x40000000, [RDX] = TDX_MD_TD_ATTRIBUTES };
	uint64_t out[16] = { [R8] = 0x1234 };

	(void)state;
	assert_call("TDH.MNG.RD(tdr=0x40000000, field=TD.ATTRIBUTES) = SUCCESS value=0x1234",
		    EXPLAIN_HOST, in, out);
	in[RAX] |= 1 << 16;
	in[RDX] = UINT64_MAX;
	out[RAX] = TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT;
	out[RDX] = TDX_MD_TD_RTMR + 8;
	out[R8] = 0;
	assert_call(
		"TDH.MNG.RD.v1(tdr=0x40000000, field=first) = METADATA_FIRST_FIELD_ID_IN_CONTEXT"
		" next_field=TD.RTMR[1].2 value=0",
		EXPLAIN_HOST, in, out);
	explain_field(buf, sizeof(buf), TDX_MD_VMCS_GUEST_CR0);
	assert_string_equal(buf, "VMCS.GUEST_CR0");
	explain_field(buf, sizeof(buf), 0x00F0000300FFFFFFULL);
	assert_string_equal(buf, "0xf0000300ffffff");
}

/* Kernels leave the context out of an id, which then reads as one of the module's own fields. */
static void test_metadata_of_the_leafs_context(void **state)
{
	uint64_t in[16] = { [RAX] = 8, [RDX] = 0x9100000000000010, [R8] = 1, [R9] = 1 };
	uint64_t out[16] = { 0 };

	(void)state;
	assert_call("TDG.VM.WR(vm_id=0, field=TD.NOTIFY_ENABLES, value=1, mask=1) = SUCCESS"
		    " old_value=0",
		    EXPLAIN_GUEST, in, out);
	in[RAX] = 26;
	in[RDX] = TDX_MD_TD_ATTRIBUTES;
	in[RCX] = 0x40000000;
	assert_call("TDH.VP.RD(tdvpr=0x40000000, field=VP.DR0) = SUCCESS value=0", EXPLAIN_HOST, in,
		    out);
}

static void test_exits(void **state)
{
	uint64_t in[16] = { [RCX] = 0x40007000 | TDX_ENTER_RESUME_L1 };
	uint64_t out[16] = { [RAX] = 48, [RCX] = 2, [R8] = 0x12345000 };
	uint64_t vmcall[16] = {
		[RAX] = 77, [RCX] = 0x3C00, [R11] = 0x10001, [R12] = 0x800000000000, [R13] = 0x1000
	};
	uint64_t guest_in[16], guest_out[16] = { [R10] = TDX_VMCALL_RETRY, [R11] = 0x800000001000 };

	(void)state;
	assert_call("TDH.VP.ENTER(tdvpr=0x40007000, resume_l1) = SUCCESS(EPT_VIOLATION) "
		    "exit_qualification=0x2"
		    " gpa=0x12345000",
		    EXPLAIN_HOST, in, out);
	assert_call("TDH.VP.ENTER(tdvpr=0x40007000, resume_l1) = SUCCESS(TDCALL)"
		    " MapGPA(gpa=0x800000000000, size=0x1000)",
		    EXPLAIN_HOST, in, vmcall);
	memcpy(guest_in, vmcall, sizeof(guest_in));
	guest_in[RAX] = 0;
	assert_call("TDG.VP.VMCALL: MapGPA(gpa=0x800000000000, size=0x1000) = RETRY "
		    "failed_gpa=0x800000001000",
		    EXPLAIN_GUEST, guest_in, guest_out);
	explain_vmcall_out(buf, sizeof(buf), vmcall, guest_out);
	assert_string_equal(buf, "RETRY failed_gpa=0x800000001000");
	guest_out[R10] = 0;
	guest_out[R11] = 0x10001; /* as it went */
	explain_vmcall_out(buf, sizeof(buf), vmcall, guest_out);
	assert_string_equal(buf, "SUCCESS");
	out[RAX] = TDX_NON_RECOVERABLE_VCPU | 2;
	out[RCX] = out[R8] = 0;
	assert_call(
		"TDH.VP.ENTER(tdvpr=0x40007000, resume_l1) = NON_RECOVERABLE_VCPU(TRIPLE_FAULT)",
		EXPLAIN_HOST, in, out);
}

static void test_unknown_calls(void **state)
{
	uint64_t in[16] = { [RAX] = 200, [RCX] = 5 }, out[16] = { [RAX] = TDX_OPERAND_INVALID };

	(void)state;
	assert_call("SEAMCALL 0xc8(RCX=0x5) = OPERAND_INVALID(RAX)", EXPLAIN_HOST, in, out);
	in[RAX] = 2 | 1 << 16;
	assert_call("SEAMCALL 0x10002(RCX=0x5) = OPERAND_INVALID(RAX)", EXPLAIN_HOST, in, out);
	in[RAX] = 0x123456789;
	assert_call("TDCALL 0x123456789(RCX=0x5) = OPERAND_INVALID(RAX)", EXPLAIN_GUEST, in, out);
}

static void assert_status(const char *expected, uint64_t status, int leaf)
{
	explain_status_text(buf, sizeof(buf), status, EXPLAIN_HOST, leaf);
	assert_string_equal(buf, expected);
}

/* Whatever a register may hold: what the tables don't have is called unknown, and the raw value is
 * there to read. */
static void test_values_outside_the_tables(void **state)
{
	uint64_t value = 0x9E3779B97F4A7C15, known = 0;
	struct explain_status status;
	char raw[20];

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		value = value * 6364136223846793005ULL + 1442695040888963407ULL;
		explain_status_text(buf, sizeof(buf), value, i & 1 ? EXPLAIN_HOST : EXPLAIN_GUEST,
				    (int)(i % 130) - 1);
		if (explain_status(value, &status)) {
			assert_non_null(status.name);
			known++;
			continue;
		}
		snprintf(raw, sizeof(raw), "0x%016llx", (unsigned long long)value);
		assert_null(status.name);
		assert_non_null(status.advice);
		assert_string_equal(buf, raw);
	}
	assert_true(known < 20);
	/* next to the tables: a code one off, a software status that is none */
	assert_false(explain_status(0xC000013300000000, &status));
	assert_false(explain_status(0xC0FFFF0300000000, &status));
	assert_true(status.software);
	explain_status_text(buf, sizeof(buf), 0xC0FFFF0300000007, EXPLAIN_HOST, 2);
	assert_string_equal(buf, "0xc0ffff0300000007");
}

static void test_operands_outside_the_tables(void **state)
{
	uint64_t in[16] = { [RCX] = 0x1C00, [R11] = 0xABCD, [R12] = 5 };
	uint64_t answer[16] = { [R10] = 0x8000000000000077, [R11] = 0xABCD };

	(void)state;
	assert_call("TDG.VP.VMCALL: unknown(R10=0x0, R11=0xabcd) = 0x8000000000000077",
		    EXPLAIN_GUEST, in, answer);
	explain_status_text(buf, sizeof(buf), TDX_OPERAND_INVALID | 0xFEDC, EXPLAIN_HOST, 2);
	assert_string_equal(buf, "OPERAND_INVALID(0xfedc)");
	explain_status_text(buf, sizeof(buf), 0xFEDC, EXPLAIN_HOST,
			    0); /* an exit reason that is none */
	assert_string_equal(buf, "SUCCESS(0xfedc)");
}

static void test_statuses(void **state)
{
	struct explain_status status;

	(void)state;
	assert_status("SUCCESS", 0, 3);
	assert_status("SUCCESS(EXCEPTION_NMI)", 0, 0);
	assert_status("OPERAND_BUSY(SEPT_TREE)", TDX_OPERAND_BUSY | 0x92, 3);
	assert_status("OPERAND_BUSY(0x1234)", TDX_OPERAND_BUSY | 0x1234, 3);
	assert_status("SUCCESS(3 not processed)", 3, 65);
	assert_status("SUCCESS+FATAL", 1ULL << 61, 80);
	assert_status("INVALID_MBMD+FATAL", TDX_INVALID_MBMD | 1ULL << 61, 83);
	assert_status("PAGE_SIZE_MISMATCH(level 1)", TDX_PAGE_SIZE_MISMATCH | 1, -1);
	assert_status("L2_SEPT_WALK_FAILED(VM 2, level 1)", TDX_L2_SEPT_WALK_FAILED | 0x20001, 3);
	assert_status("SEAMCALL_UD", TDX_SEAMCALL_UD, 3);
	assert_status("UNINITIALIZE_ERROR", UINT64_MAX, 3);
	assert_status("0xdeadbeef00000000", 0xDEADBEEF00000000ULL, 3);
	assert_true(explain_status(TDX_RND_NO_ENTROPY, &status));
	assert_true(status.error && !status.non_recoverable && !status.software);
	assert_string_equal(status.class_name, "resource busy");
	assert_string_equal(status.advice, "call again with the same operands");
	assert_false(explain_status(0xDEADBEEF00000000ULL, &status));
	assert_null(status.name);
	assert_non_null(status.advice);
	explain_status_detail(buf, sizeof(buf), TDX_OPERAND_BUSY | 0x92, EXPLAIN_HOST, 3);
	assert_string_equal(buf, "operand SEPT_TREE (146)");
}

static void test_every_status_has_its_name(void **state)
{
	static const struct {
		uint64_t value;
		const char *name;
	} some[] = { { 0xC000010000000000, "OPERAND_INVALID" },
		     { 0x8000020300000000, "RND_NO_ENTROPY" },
		     { 0xC0000B0D00000000, "EPT_ENTRY_STATE_INCORRECT" },
		     { 0x00000B0A00000000, "PAGE_ALREADY_ACCEPTED" },
		     { 0xC000070000000000, "VCPU_STATE_INCORRECT" },
		     { 0x9000020500000000, "HOST_PRIORITY_BUSY_TIMEOUT" },
		     { 0xC0000F0000000000, "IOMMU_INVALID_STATE" } };
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		explain_status_text(buf, sizeof(buf), some[i].value, EXPLAIN_HOST, -1);
		assert_memory_equal(buf, some[i].name, strlen(some[i].name));
		assert_true(explain_status_by_name(some[i].name, &value));
		assert_int_equal(value, some[i].value);
	}
	assert_true(explain_status_by_name("tdx_operand_busy", &value));
	assert_false(explain_status_by_name("OPERAND_BUS", &value));
}

static void test_find(void **state)
{
	struct explain_leaf_id id;

	(void)state;
	assert_true(explain_leaf_find("tdh_mem_page_add", &id));
	assert_string_equal(id.name, "TDH.MEM.PAGE.ADD");
	assert_true(explain_leaf_find("0x2", &id));
	assert_int_equal(id.number, 2);
	assert_true(explain_leaf_find("tdg:6", &id));
	assert_string_equal(id.name, "TDG.MEM.PAGE.ACCEPT");
	assert_true(explain_leaf_find("TDG.VP.VMCALL<MapGPA>", &id));
	assert_int_equal(id.side, EXPLAIN_VMCALL);
	assert_true(explain_leaf_find("vmcall:0x10002", &id));
	assert_string_equal(id.name, "GetQuote");
	assert_false(explain_leaf_find("", &id));
	assert_false(explain_leaf_find("99999999999999999999", &id));
	assert_false(explain_leaf_find("2x", &id));
	assert_false(explain_leaf_find("TDG.VP.VMCALL<>", &id));
	assert_false(explain_leaf_find("-1", &id));
}

static void test_near_misses(void **state)
{
	char longer[300];

	(void)state;
	explain_leaf_suggest(buf, sizeof(buf), "TDH.MEM.PAGE.AD");
	assert_memory_equal(buf, "TDH.MEM.PAGE.ADD", 16);
	explain_leaf_suggest(buf, sizeof(buf), "page.accept");
	assert_string_equal(buf, "TDG.MEM.PAGE.ACCEPT");
	assert_int_equal(explain_leaf_suggest(buf, sizeof(buf), "ep"), 0);
	explain_leaf_suggest(buf, sizeof(buf), "mapgap");
	assert_string_equal(buf, "MapGPA");
	explain_status_suggest(buf, sizeof(buf), "TDX_OPERAND_BUZY");
	assert_string_equal(buf, "OPERAND_BUSY");
	assert_int_equal(explain_leaf_suggest(buf, sizeof(buf), "something else"), 0);
	memset(longer, 'A', sizeof(longer));
	longer[sizeof(longer) - 1] = 0;
	assert_int_equal(explain_leaf_suggest(buf, sizeof(buf), longer), 0);
	assert_int_equal(edit_distance("abc", "acb"), 1);
	assert_int_equal(edit_distance("", "abc"), 3);
	assert_int_equal(edit_distance("TDH_VP", "tdh.vp"), 0);
}

static void test_pages_and_filters(void **state)
{
	struct explain_filter filter = { .status = "TLB_TRACKING_NOT_DONE",
					 .op_state = "runnable" };
	struct explain_leaf_id id;
	size_t all = 0, some = 0;
	char *page = malloc(1 << 16);

	(void)state;
	assert_non_null(page);
	for (; explain_leaf_nth(NULL, all, &id); all++) {
		size_t len = explain_leaf_page(page, 1 << 16, &id);

		assert_int_equal(len, strlen(page));
		assert_memory_equal(page, id.name, strlen(id.name));
		len = explain_leaf_json(page, 1 << 16, &id);
		assert_int_equal(len, strlen(page));
		assert_int_equal(page[len - 1], '}');
		assert_true(explain_leaf_line(page, 1 << 16, &id) > strlen(id.name));
	}
	assert_true(all >= 69 + 21 + 15);
	for (; explain_leaf_nth(&filter, some, &id); some++)
		assert_memory_equal(id.name, "TDH.MEM.", 8);
	assert_true(some >= 5 && some < 10);
	assert_true(explain_filter_check(&filter, buf, sizeof(buf)));
	filter.op_state = "RUNABLE";
	assert_false(explain_filter_check(&filter, buf, sizeof(buf)));
	assert_non_null(strstr(buf, "RUNNABLE"));
	free(page);
}

/* Every length of buffer gives the same text cut off, and the same length. */
static void test_small_buffers(void **state)
{
	uint64_t in[16] = { [RAX] = 2, [RCX] = 0x1000, [RDX] = 0x40000000 },
		 out[16] = { [RAX] = TDX_EPT_WALK_FAILED };
	size_t whole = explain_call(buf, sizeof(buf), EXPLAIN_HOST, in, out);

	(void)state;
	for (size_t size = 0; size <= whole + 1; size++) {
		char *small = malloc(size ? size : 1);

		assert_non_null(small);
		assert_int_equal(explain_call(small, size, EXPLAIN_HOST, in, out), whole);
		if (size > whole)
			assert_string_equal(small, buf);
		else if (size)
			assert_true(strlen(small) < size && !strncmp(small, buf, strlen(small)));
		free(small);
	}
}

/* Garbage in every register of every leaf: terminated, and of the length told. */
static void test_garbage(void **state)
{
	uint64_t seed = 88172645463325252ULL, in[16], out[16];

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		enum explain_side side = round & 1 ? EXPLAIN_HOST : EXPLAIN_GUEST;
		char text[700];
		size_t len;

		for (unsigned i = 0; i < 32; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			(i < 16 ? in : out)[i % 16] = seed >> (seed & 63);
		}
		in[RAX] = round % 3 ? in[RAX] % 100 : in[RAX];
		len = explain_call(text, sizeof(text), side, in, out);
		assert_true(strlen(text) == (len < sizeof(text) ? len : strlen(text)));
		assert_true(strlen(text) < sizeof(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_add),
		cmocka_unit_test(test_reserved_bits_are_not_hidden),
		cmocka_unit_test(test_metadata_by_name),
		cmocka_unit_test(test_metadata_of_the_leafs_context),
		cmocka_unit_test(test_exits),
		cmocka_unit_test(test_unknown_calls),
		cmocka_unit_test(test_values_outside_the_tables),
		cmocka_unit_test(test_operands_outside_the_tables),
		cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_every_status_has_its_name),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_near_misses),
		cmocka_unit_test(test_pages_and_filters),
		cmocka_unit_test(test_small_buffers),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
