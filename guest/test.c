// SPDX-License-Identifier: MIT
/*
 * The test guest: uses what a TD has - TDVMCALLs, #VE, accepting memory, RTMRs, a TDREPORT - and
 * checks what can be checked from inside. Prints a line per check and PASS, or ends by
 * ReportFatalError.
 */
#include "guest/guest.h"
#include "guest/sha384.h"
#include "tdx/tdx.h"

#define ATTRIBUTES_OFFSET (TDX_TDREPORT_TDINFO_OFFSET + TDX_TDINFO_ATTRIBUTES_OFFSET)
#define MRTD_OFFSET	  (TDX_TDREPORT_TDINFO_OFFSET + TDX_TDINFO_MR_TD_OFFSET)
#define RTMR_OFFSET(n)	  (TDX_TDREPORT_TDINFO_OFFSET + TDX_TDINFO_RTMR_OFFSET + 48 * (n))

/* Memory beyond the guest's own image: private, not yet accepted. */
#define SMALL_PAGE  0x800000ull
#define LARGE_PAGE  0xa00000ull
#define SHARED_PAGE 0xe00000ull

static uint8_t report[TDX_TDREPORT_SIZE] __attribute__((aligned(1024)));
static uint8_t report_data[64] __attribute__((aligned(64)));
static uint8_t extension[64] __attribute__((aligned(64)));
static _Atomic unsigned others;

static bool is_zero(const void *data, size_t size)
{
	const uint64_t *words = data;
	uint64_t any = 0;

	for (size_t i = 0; i < size / 8; i++)
		any |= words[i];
	return !any;
}

static void check_identity(const struct guest_boot *boot, struct tdg_vp_info_out *info)
{
	check(tdx_status_ok(tdg_vp_info(info)), "TDG.VP.INFO");
	check(info->gpaw == boot->gpaw, "the GPA width is what RBX said at reset");
	put("  GPA width ");
	put_decimal(info->gpaw);
	put("\n");
	check(info->vcpu_index == boot->vcpu, "this is the vCPU that RSI said at reset");
	check(info->attributes == TDX_TD_ATTRIBUTES_SEPT_VE_DISABLE_MASK,
	      "attributes: SEPT_VE_DISABLE");
}

static void run_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
			 : "a"(leaf), "c"(subleaf));
}

/* Legacy area and header: the TD has no component beyond x87 and SSE, whatever the processor has.
 */
static void check_xsave_size(void)
{
	uint32_t out[4];

	for (uint32_t subleaf = 0; subleaf < 2; subleaf++) {
		run_cpuid(0xd, subleaf, out);
		check(out[1] == 576, "CPUID 0xd: an XSAVE area has 576 bytes");
	}
}

static void check_ve(void)
{
	uint32_t out[4];
	uint8_t line_status;

	run_cpuid(0x21, 0, out);
	check(out[1] == 0x65746e49 && out[3] == 0x5844546c && out[2] == 0x20202020,
	      "CPUID 0x21 is \"IntelTDX    \"");
	check(!ve_seen, "it raised no #VE");
	run_cpuid(0x40000000, 0, out);
	check(ve_seen >> TDX_EXIT_REASON_CPUID & 1, "CPUID 0x40000000 raised #VE");
	check(out[1] == 0x4b4d564b, "the VMM answered it");
	__asm__ volatile("inb %1, %0" : "=a"(line_status) : "Nd"((uint16_t)0x3fd));
	check(ve_seen >> TDX_EXIT_REASON_IO_INSTRUCTION & 1, "IN raised #VE");
	check((line_status & 0x60) == 0x60, "the serial port is ready");
	check(tdx_status_is(tdg_vp_veinfo_get(NULL), TDX_NO_VALID_VE_INFO),
	      "no #VE information is left");
}

static void check_accept(void)
{
	uint8_t *small = (uint8_t *)SMALL_PAGE, *large = (uint8_t *)LARGE_PAGE;

	check(tdx_status_ok(patient(tdg_mem_page_accept(tdx_gpa(SMALL_PAGE), TDX_LEVEL_4K))),
	      "accepted a 4 KiB page");
	check(is_zero(small, PAGE), "it is zero");
	memset(small, 0xa5, PAGE);
	check(small[0] == 0xa5 && small[PAGE - 1] == 0xa5, "it holds what is written");
	check(tdx_status_is(patient(tdg_mem_page_accept(tdx_gpa(SMALL_PAGE), TDX_LEVEL_4K)),
			    TDX_PAGE_ALREADY_ACCEPTED),
	      "it can't be accepted twice");
	check(tdx_status_ok(patient(tdg_mem_page_accept(tdx_gpa(LARGE_PAGE), TDX_LEVEL_2M))),
	      "accepted a 2 MiB page");
	check(is_zero(large, PAGE) && is_zero(large + (1 << 21) - PAGE, PAGE), "it is zero");
	large[0x123456] = 1;
	check(large[0x123456] == 1, "it holds what is written");
}

static void check_shared(void)
{
	volatile uint64_t *page = (volatile uint64_t *)(SHARED_ALIAS + SHARED_PAGE);

	check(tdx_status_ok(patient(tdg_mem_page_accept(tdx_gpa(SHARED_PAGE), TDX_LEVEL_4K))),
	      "accepted a page");
	*(volatile uint64_t *)SHARED_PAGE = 0x1234;
	check(tdx_answer_ok(tdg_vp_vmcall_map_gpa(tdx_gpa(SHARED_PAGE | SHARED_BIT), PAGE, NULL)),
	      "MapGPA to shared");
	check(!*page, "the shared page does not show what the private one held");
	*page = 0x5678;
	check(*page == 0x5678, "it holds what is written");
	check(tdx_answer_ok(tdg_vp_vmcall_map_gpa(tdx_gpa(SHARED_PAGE), PAGE, NULL)),
	      "MapGPA back to private");
	check(tdx_status_ok(patient(tdg_mem_page_accept(tdx_gpa(SHARED_PAGE), TDX_LEVEL_4K))),
	      "accepted it again");
	check(!*(volatile uint64_t *)SHARED_PAGE, "it is a new page");
}

/* A part of the 2 MiB page that check_accept() left: the rest of it must keep what it holds. */
static void check_split(void)
{
	const uint64_t part = LARGE_PAGE + 0x5000;
	volatile uint64_t *shared = (volatile uint64_t *)(SHARED_ALIAS + part);

	check(tdx_answer_ok(tdg_vp_vmcall_map_gpa(tdx_gpa(part | SHARED_BIT), PAGE, NULL)),
	      "MapGPA of a part of a 2 MiB page");
	*shared = 0x9abc;
	check(*shared == 0x9abc, "it holds what is written");
	check(*(volatile uint8_t *)(LARGE_PAGE + 0x123456) == 1,
	      "the rest of the page is as it was");
	check(tdx_answer_ok(tdg_vp_vmcall_map_gpa(tdx_gpa(part), PAGE, NULL)),
	      "MapGPA back to private");
	check(tdx_status_ok(patient(tdg_mem_page_accept(tdx_gpa(part), TDX_LEVEL_4K))),
	      "accepted it again");
	check(!*(volatile uint64_t *)part, "it is a new page");
}

static void check_rtmr(uint8_t expected[SHA384_SIZE])
{
	uint8_t both[2 * SHA384_SIZE] = { 0 };

	for (int i = 0; i < SHA384_SIZE; i++)
		extension[i] = (uint8_t)(i * 7 + 1);
	memcpy(both + SHA384_SIZE, extension, SHA384_SIZE);
	sha384(both, sizeof(both), expected);
	check(tdx_status_ok(patient(tdg_mr_rtmr_extend(tdx_gpa((uint64_t)extension), 2))),
	      "extended RTMR 2");
}

static void check_report(const struct tdg_vp_info_out *info, const uint8_t rtmr[SHA384_SIZE])
{
	const uint8_t *mac_area = report + TDX_TDREPORT_REPORTMACSTRUCT_OFFSET;
	uint8_t hash[SHA384_SIZE];
	uint64_t word;

	for (unsigned i = 0; i < sizeof(report_data); i++)
		report_data[i] = (uint8_t)(0x40 + i);
	check(tdx_status_ok(patient(tdg_mr_report(tdx_gpa((uint64_t)report),
						  tdx_report_data((uint64_t)report_data), 0))),
	      "TDG.MR.REPORT");
	check(mac_area[0] == 0x81 && !mac_area[1], "the report is of a TD");
	check(!memcmp(mac_area + TDX_REPORTMACSTRUCT_REPORT_DATA_OFFSET, report_data,
		      sizeof(report_data)),
	      "it holds the report data");
	memcpy(&word, report + ATTRIBUTES_OFFSET, sizeof(word));
	check(word == info->attributes, "it holds the attributes of TDG.VP.INFO");
	check(!is_zero(report + MRTD_OFFSET, SHA384_SIZE), "MRTD is not zero");
	check(!memcmp(report + RTMR_OFFSET(2), rtmr, SHA384_SIZE), "RTMR 2 is what SHA-384 gives");
	check(is_zero(report + RTMR_OFFSET(0), SHA384_SIZE), "RTMR 0 is zero");
	sha384(report + TDX_TDREPORT_TDINFO_OFFSET, TDX_TDINFO_SIZE, hash);
	check(!memcmp(mac_area + TDX_REPORTMACSTRUCT_TEE_INFO_HASH_OFFSET, hash, SHA384_SIZE),
	      "its hash of the TD's part is what SHA-384 gives");
	put("  MRTD ");
	put_bytes(report + MRTD_OFFSET, SHA384_SIZE);
	put("\n");
}

static void check_metadata(const struct tdg_vp_info_out *info)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 6; i++) {
		check(tdx_status_ok(tdg_vm_rd(TDX_SELF, tdx_field(TDX_MD_TD_MRTD + i), &value)),
		      "TDG.VM.RD of MRTD");
		check(!memcmp(report + MRTD_OFFSET + 8 * i, &value, 8),
		      "it agrees with the report");
	}
	check(tdx_status_ok(tdg_vm_rd(TDX_SELF, tdx_field(TDX_MD_TD_ATTRIBUTES), &value)) &&
		      value == info->attributes,
	      "TDG.VM.RD of the attributes");
	check(tdx_status_ok(patient(tdg_vm_wr(TDX_SELF, tdx_field(TDX_MD_TD_NOTIFY_ENABLES), 0,
					      TDX_ALL_BITS, NULL))),
	      "TDG.VM.WR of NOTIFY_ENABLES");
}

static void check_vmm(void)
{
	struct tdg_vp_vmcall_get_td_vm_call_info_out info;
	struct tdx_module_args args = { .rcx = TDX_VMCALL_REGS,
					.rbx = 0xb,
					.rdx = 0xd,
					.rsi = 0x51,
					.rdi = 0xd1,
					.r8 = 8,
					.r9 = 9,
					.r11 = 0x12345678 };

	check(tdx_answer_ok(tdg_vp_vmcall_get_td_vm_call_info(0, &info)), "GetTdVmCallInfo");
	check(tdx_status_ok(tdvmcall(&args)) && args.r10 == TDX_VMCALL_INVALID_OPERAND,
	      "an unknown TDVMCALL is refused");
	check(args.rbx == 0xb && args.rdx == 0xd && args.rsi == 0x51 && args.rdi == 0xd1 &&
		      args.r8 == 8 && args.r9 == 9,
	      "the VMM leaves the registers alone that it does not answer in");
	check(tdx_answer_is(tdg_vp_vmcall_map_gpa(tdx_gpa(1), PAGE, NULL), TDX_VMCALL_ALIGN_ERROR),
	      "MapGPA of a crooked address is refused");
	check(!tdx_answer_ok(tdg_vp_vmcall_get_quote(tdx_gpa(SHARED_PAGE | SHARED_BIT), 2 * PAGE)),
	      "GetQuote is refused politely");
}

static void wait_for_others(unsigned count)
{
	while (others + 1 < count)
		__asm__ volatile("pause");
	put("  all ");
	put_decimal(count);
	put(" vCPUs are here\n");
}

void guest_main(const struct guest_boot *boot)
{
	struct tdg_vp_info_out info;
	uint8_t rtmr[SHA384_SIZE];

	if (boot->vcpu) {
		others++;
		return;
	}
	put("test guest: ");
	put_decimal(boot->memory >> 20);
	put(" MiB\n");
	check_identity(boot, &info);
	check_xsave_size();
	check_ve();
	check_accept();
	check_shared();
	check_split();
	check_rtmr(rtmr);
	check_report(&info, rtmr);
	check_metadata(&info);
	check_vmm();
	wait_for_others((unsigned)info.vcpus);
	put("PASS\n");
}
