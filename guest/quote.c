// SPDX-License-Identifier: MIT
/*
 * The quote guest: asks the VMM's quoting service as a guest does that attests itself, and prints
 * the quote between markers. Buffers that hold no proper request must come back as errors.
 */
#include "guest/guest.h"
#include "tdx/tdx.h"

#define BUFFER	    0xe00000ull /* beyond the guest's own image */
#define BUFFER_SIZE (4 * PAGE)

/* How the buffer begins: Intel Guest-Host Communication Interface, GetQuote. */
struct quote_buffer {
	uint64_t version;
	uint64_t status;
	uint32_t in_size;
	uint32_t out_size;
	uint8_t data[BUFFER_SIZE - 24];
};

#define STATUS_ERROR 0x8000000000000000ull

static uint8_t report[TDX_TDREPORT_SIZE] __attribute__((aligned(1024)));
static uint8_t report_data[64] __attribute__((aligned(64)));

static volatile struct quote_buffer *shared_buffer(void)
{
	return (volatile struct quote_buffer *)(SHARED_ALIAS + BUFFER);
}

static void must(bool right, const char *what)
{
	if (!right)
		guest_fail(what);
}

static uint64_t ask(uint64_t version, uint32_t in_size, uint64_t size)
{
	volatile struct quote_buffer *buffer = shared_buffer();

	buffer->version = version;
	buffer->status = 0x1234;
	buffer->in_size = in_size;
	buffer->out_size = 0;
	memcpy((void *)buffer->data, report, sizeof(report));
	must(tdx_answer_ok(tdg_vp_vmcall_get_quote(tdx_gpa(BUFFER | SHARED_BIT), size)),
	     "GetQuote");
	return buffer->status;
}

static void check_errors(void)
{
	must(!tdx_answer_ok(tdg_vp_vmcall_get_quote(tdx_gpa(BUFFER), BUFFER_SIZE)),
	     "a private buffer is refused");
	must(!tdx_answer_ok(
		     tdg_vp_vmcall_get_quote(tdx_gpa((BUFFER + 8) | SHARED_BIT), BUFFER_SIZE)),
	     "a crooked address is refused");
	must(!tdx_answer_ok(tdg_vp_vmcall_get_quote(tdx_gpa(BUFFER | SHARED_BIT), BUFFER_SIZE - 8)),
	     "a crooked size is refused");
	must(!tdx_answer_ok(tdg_vp_vmcall_get_quote(tdx_gpa(BUFFER | SHARED_BIT), 0)),
	     "no size is refused");
	must(!tdx_answer_ok(tdg_vp_vmcall_get_quote(tdx_gpa(BUFFER | SHARED_BIT), ~0xfffull)),
	     "too much is refused");
	must(!tdx_answer_ok(tdg_vp_vmcall_get_quote(tdx_gpa(~0xfffull), BUFFER_SIZE)),
	     "an address outside memory is refused");
	must(ask(2, sizeof(report), BUFFER_SIZE) == STATUS_ERROR, "a version that is none");
	must(ask(1, sizeof(report) - 1, BUFFER_SIZE) == STATUS_ERROR, "a report that is too short");
	must(ask(1, sizeof(report), PAGE) == STATUS_ERROR, "a buffer that does not hold the quote");
	report[0x200] ^= 1;
	must(ask(1, sizeof(report), BUFFER_SIZE) == STATUS_ERROR, "a report that was changed");
	report[0x200] ^= 1;
	must(!shared_buffer()->out_size, "no quote comes with an error");
}

void guest_main(const struct guest_boot *boot)
{
	const volatile struct quote_buffer *buffer = shared_buffer();

	if (boot->vcpu)
		return;
	for (unsigned i = 0; i < sizeof(report_data); i++)
		report_data[i] = (uint8_t)i;
	must(tdx_status_ok(tdg_mr_report(tdx_gpa((uint64_t)report),
					 tdx_report_data((uint64_t)report_data), 0)),
	     "TDG.MR.REPORT");
	must(tdx_answer_ok(tdg_vp_vmcall_map_gpa(tdx_gpa(BUFFER | SHARED_BIT), BUFFER_SIZE, NULL)),
	     "MapGPA to shared");
	check_errors();
	must(!ask(1, sizeof(report), BUFFER_SIZE), "a quote");
	must(buffer->out_size && buffer->out_size <= sizeof(buffer->data), "its size");
	put("BEGIN QUOTE\n");
	put_bytes((const uint8_t *)buffer->data, buffer->out_size);
	put("\nEND QUOTE\nPASS\n");
}
